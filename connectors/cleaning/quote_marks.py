"""What mail programs write above the words they quote, in the languages of Europe and the large ones beyond.

Only knowledge, no procedure: `quotes` says how it is used. Add a language by adding its words to each table; an
attribution line needs no words of its language where quote marks or an address make it certain.
"""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re

BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks of direction that programs put around names and whole lines."""

_REPLY_TITLES = (
    r"Original Message|Original Appointment|Reply message|Original e?-?mail|"
    r"Urspr(?:ü|ue)ngliche (?:Nachricht|E-Mail|Mail)|Original[- ]?Nachricht|Originalnachricht|"
    r"Message d['’]origine|Message original|Message initial|Mail original|E-mail d['’]origine|"
    r"Mensaje original|Correo original|Messaggio originale|Mail originale|Oorspronkelijk bericht|"
    r"Oorspronkelijke? bericht|Origineel bericht|Mensagem original|"
    r"Oryginalna wiadomo(?:ś|s)(?:ć|c)|Wiadomo(?:ś|s)(?:ć|c) oryginalna|Treść oryginalnej wiadomości|"
    r"Ursprungligt meddelande|Originalmeddelande|Oprindelig meddelelse|Opprinnelig melding|Alkuper(?:ä|a)inen viesti|"
    r"Исходное сообщение|Оригинальное сообщение|"
    r"Пересылаемое сообщение|Оригінальне повідомлення|Вихідне повідомлення|"
    r"Orijinal [Mm]esaj|[ÖO]zg[üu]n [İI]leti|Původní (?:zpráva|e-mail)|Pôvodná správa|Eredeti üzenet|Mesaj original|"
    r"Αρχικό μήνυμα|元のメッセージ|オリジナルメッセージ|原始邮件|邮件原件|原邮件|原始郵件|原始信件|"
    r"원본 메시지|원본 메일|"
    r"Izvorna poruka|Izvirno sporočilo|Originalna poruka|Оригинално съобщение|Missatge original|Algne (?:kiri|sõnum)|"
    r"הודעה מקורית|(?:ה)?הודעה המקורית|الرسالة الأصلية|رسالة أصلية"
)
_FORWARD_TITLES = (
    r"Forwarded message|Forwarded by [^-]{1,80}|Forwarded e?-?mail|"
    r"Weitergeleitete Nachricht|Weitergeleitet von [^-]{1,80}|"
    r"Message transf(?:é|e)r(?:é|e)|Message r(?:é|e)exp(?:é|e)di(?:é|e)|Courriel transf(?:é|e)r(?:é|e)|"
    r"Mensaje reenviado|Mensaje remitido|Messaggio inoltrato|"
    r"Doorgestuurd bericht|Doorgestuurde bericht|"
    r"Mensagem encaminhada|Mensagem reencaminhada|Mensagem reenviada|"
    r"Treść przekazanej wiadomości|Przekazana wiadomość|Wiadomość przekazana dalej|"
    r"Vidarebefordrat meddelande|Videresendt (?:besked|meddelelse|melding)|Välitetty viesti|Edelleenlähetetty viesti|"
    r"Перенаправленное сообщение|Пересланное сообщение|Переслане повідомлення|"
    r"Yönlendirilen [Mm]esaj|İletilen [İi]leti|[İI]letilmiş [Mm]esaj|Přeposlaná zpráva|Preposlaná správa|"
    r"Továbbított üzenet|Mesaj redirecționat|Προωθημένο μήνυμα|"
    r"転送メッセージ|転送されたメッセージ|转发的邮件|转发邮件|轉寄的郵件|轉寄郵件|전달된 메시지|전달 메시지|"
    r"Proslijeđena poruka|Posredovano sporočilo|Препратено съобщение|Missatge reenviat|"
    r"הודעה שהועברה|رسالة معاد توجيهها|الرسالة المُعاد توجيهها"
)
_APPLE_FORWARDS = (
    r"Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|"
    r"D(?:é|e)but du message (?:r(?:é|e)exp(?:é|e)di(?:é|e)|transf(?:é|e)r(?:é|e))|"
    r"Inicio del mensaje reenviado|Inizio (?:del )?messaggio inoltrato|Begin doorgestuurd bericht|"
    r"In(?:í|i)cio da mensagem (?:reencaminhada|encaminhada)|"
    r"Początek prze(?:kazywanej|słanej|syłanej|kazanej) wiadomości|Vidarebefordrat brev|"
    r"(?:Start på|Begynd) videresendt (?:besked|meddelelse)|(?:Start på )?[Vv]ideresendt melding|"
    r"Välitetty viesti alkaa|Začátek přeposílané zprávy|Začiatok preposlanej správy|"
    r"Начало пере(?:адресованного|сылаемого|сланного) (?:сообщения|письма)|"
    r"Початок (?:переспрямованого|переадресованого|пересланого) (?:повідомлення|листа)|"
    r"İletilen mesajın başı|İleti başlangıcı|Továbbított levél kezdete|Începutul mesajului redirecționat|"
    r"Έναρξη προωθημένου μηνύματος|転送されたメッセージ|"
    r"(?:开始|下面是被)转发的(?:信件|邮件)|(?:開始|以下是被)轉寄的(?:信件|郵件)|전달된 메시지 시작|"
    r"התחלת הודעה שהועברה|תחילת ההודעה שהועברה|بداية الرسالة (?:المعاد توجيهها|المُعاد توجيهها|المحولة)"
)

REPLY_TITLE = re.compile(rf"\s*(?:{_REPLY_TITLES})\s*", re.IGNORECASE)
"""BlackBerry's line above its block of headers."""

REPLY_RULE = re.compile(rf"\s*[-‐]{{2,}}\s*(?:{_REPLY_TITLES})\s*[-‐]{{2,}}\s*", re.IGNORECASE)
"""A ruled line of Outlook and those that write like it: "-----Original Message-----". Proton drew it with U+2010."""

FORWARD_RULE = re.compile(
    rf"\s*(?:-{{2,}}\s*(?:{_FORWARD_TITLES})\s*-{{2,}}|(?:{_APPLE_FORWARDS})\s?[:：])\s*", re.IGNORECASE
)
"""Gmail's and Thunderbird's ruled line, Apple's sentence."""

TITLED_RULE = re.compile(r"\s*-{3,} ?[^-\s][^-]{1,60} ?-{3,}\s*")
"""The same in any language: sure only right above a block of headers."""

GROUPWISE_RULE = re.compile(r"\w[^<>]{0,60}<[^<>\s]+>\s.*\d\s*>>>\s*")
"""GroupWise's line, below which it marks nothing; its own first marks are off already."""

ANY_LABEL = re.compile(rf"[\s{BIDI}]*\*?[^\W\d_][^:：\n]{{0,24}}[:：]\*?\s*\S.*")
"""A line that may be of a block of headers in a language that is not known."""

BLANK_RULE = re.compile(r"\s*(?:_{8,}|-{8,}|\* \* \*)\s*")
"""A line that Outlook draws above its block of headers."""

_FROM = (
    "From|Von|De|Da|Van|Expéditeur|Remitente|Mittente|Afzender|Remetente|Od|Nadawca|Från|Avsändare|Fra|Lähettäjä|"
    "От|От кого|Від|Від кого|Kimden|Gönderen|Odesílatel|Feladó|De la|Από|差出人|送信者|发件人|發件人|寄件者|寄件人|"
    "Šalje|Pošiljatelj|Nuo|Saatja|Từ|Dari|از|"
    "보낸 사람|보낸사람|발신|מאת|من"
)
_SENT = (
    "Sent|Gesendet|Envoyé(?:e)?|Enviad[ao](?: el| em)?|Inviato|Verzonden|Wysłan[oey]|Skickat|Sendt|Lähetetty|"
    "Отправлено|Надіслано|Відправлено|Gönderildi|Gönderme [Tt]arihi|Gönderim tarihi|Odesláno|Odoslané|Elküldve|Trimis|"
    "Poslano|Poslato|Изпратено|Išsiųsta|Nosūtīts|Saadetud|Enviat|Đã gửi|Dikirim|Terkirim|"
    "Στάλθηκε|Εστάλη|送信日時|发送时间|發送時間|寄件日期|傳送時間|보낸 날짜|보낸날짜|נשלח|"
    "تم الإرسال|تاريخ الإرسال|مرسلة|أُرسلت"
)
_SUBJECT = (
    "Subject|Betreff|Objet|Sujet|Asunto|Oggetto|Onderwerp|Assunto|Temat|Ämne|Emne|Aihe|Тема|Konu|Předmět|Predmet|"
    "Tárgy|Subiect|Θέμα|Относно|Zadeva|Naslov|Tema|Temats|Teema|Assumpte|Chủ đề|Subjek|Perihal|موضوع|"
    "件名|主题|主題|主旨|標題|제목|נושא|الموضوع"
)
_OTHERS = (
    "Date|To|Cc|CC|Bcc|Reply-To|Importance|Attachments|Sent by|Organization|"
    "Datum|An|Kopie|Priorität|Anlagen|Antwort an|"
    "À|A|Pour|Date d['’]envoi|Destinataire|Copie à|Pièces jointes|Importance|"
    "Fecha|Para|CCO|Destinatario|Datos adjuntos|Importancia|Data|Aan|Verstuurd|"
    "Do|Adresat|DW|UDW|Till|Kopia|Til|Dato|Kopi|Vastaanottaja|Kopio|Päivämäärä|Päiväys|"
    "Кому|Копия|Копія|Дата|Kime|Bilgi|Tarih|Komu|Címzett|Másolat|Dátum|Către|Προς|"
    "Κοιν\\.?|Prima|Za|До|Kam|Adressaat|Per a|Tới|Kepada|به|Ημερομηνία|"
    "宛先|日付|日時|收件人|收件者|抄送|副本|日期|时间|받는 사람|받는사람|참조|날짜|אל|עותק|תאריך|إلى|نسخة|التاريخ|تاريخ"
)
_COLON = rf"\s?(?::\*?[{BIDI}]*(?:\s.*)?|：.*)"
_START = rf"[\s{BIDI}]*\*?"

FIRST_LABEL = re.compile(rf"{_START}(?:{_FROM}|{_SENT})\s?[:：]\*?\s*\S.*")
"""The first line of a block of headers, as Outlook and forwards show it; GMX and web.de begin with the time."""

SUBJECT_LABEL = re.compile(rf"{_START}(?:{_SUBJECT}){_COLON}")
"""The line that tells such a block from a list a person typed ("From: Berlin, To: Munich")."""

LABEL = re.compile(rf"{_START}(?:{_FROM}|{_SENT}|{_SUBJECT}|{_OTHERS}){_COLON}")
"""Any line of a block of headers."""

SUBJECT_WORDS = tuple(_SUBJECT.split("|"))
"""Where none of them stands there is no block of headers."""

_VERBS = (
    r"wrote|writes|schrieb(?:en)?|geschrieben|a écrit|a ecrit|écrit|escribió|escribio|escribe|ha scritto|scrive|"
    r"schreef|geschreven|escreveu|escreve|va escriure|napisał(?:a|\(a\))?|pisze|skrev|kirjoitti|"
    r"пишет|писал(?:а|\(а\))?|написал(?:а|\(а\))?|пише|писав(?:ла)?|написав|napsal(?:a|\(a\))?|"
    r"yazdı|írta|a scris|έγραψε|"
    r"さんは書きました|写道|寫道|כתב(?:ה|/ה)?|كتب(?:ت)?"
)
_CAPITAL = r"[^\W\d_a-zß-ÿа-я]"
_OPENERS = r"On|Am|Le|El|Il giorno|Il|In data|Op|Em|A|Às|No dia|No"
_ADDR = r"[\w.+-]+@[\w.-]+"

DATED_ATTRIBUTION = re.compile(
    rf"[^\w<]*(?:{_OPENERS})\s+(?:[^\s\d]+\s+){{0,2}}[^\s\d]?\d.*"
    rf"\b(?:(?:{_VERBS})|(?:schrieb|schreef)\b.{{1,90}})\s?:\s*"
    rf"|[^\w<]*\w[^<>]{{0,60}}<{_ADDR}>\s(?:{_VERBS})\s.*\d.*:\s*"
    rf"|\d{{4}}-\d\d-\d\d \d.*<{_ADDR}>\s?:\s*"
)
"""One whole attribution, joined where it was wrapped: "On <date>, <name> wrote:" and its kin."""

NAMED_ATTRIBUTION = re.compile(
    rf"(?!As |Wie |Comme |Como |Come |Zoals )(?:(?:{_OPENERS})\s[^\s,]{{1,20}},\s)?"
    rf"(?:.*{_ADDR}\W*\s|[^\w<]*{_CAPITAL}[\w.'’-]*(?: (?:{_CAPITAL}|d[aeiou]s? |v[oa]n )[\w.'’-]*){{0,4}}\W?\s)"
    rf"(?:{_VERBS})\s?[:：]\s*|\S{{1,20}}(?:さんは書きました|\s?写道|\s?寫道)\s?[:：]\s*|According to [^,]{{1,60}}:\s*"
)
"""An attribution without a date: "Ana Lopez wrote:". Sure only right above quoted lines."""

TIME_OR_ADDRESS = re.compile(rf"\b\d{{1,2}}(?:[:.h]\d{{2}}\b|\s?(?:am|pm|AM|PM|Uhr)\b)|{_ADDR}")
"""What a dated attribution must carry before it may cut where no quote marks follow."""

DATE = re.compile(r"(?<!\d)(?:\d{4}(?!\d)|\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2}(?!\d))")
TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
ADDRESS = re.compile(rf"[<(\"][{BIDI}\s]*{_ADDR}[{BIDI}\s]*(?:<mailto:[^>]*>)?[>)\"]")
"""What attributions carry in every language: a day, a time of day, an address in brackets."""

OTHER_MARK = re.compile(r"(?:\s{0,4}[^\W\d_][\w]{0,11}>+|\|)(?:\s|$)")
"""A quote mark with the initials of who wrote it (The Bat!, supercite), or a bar: sure only below an attribution."""
