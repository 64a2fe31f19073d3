"""What mail programs write above the words they quote, in English, German, French, Spanish, Italian, Dutch, Portuguese.

Only knowledge, no procedure: `quotes` says how it is used. Add a language by adding its words to each table.
"""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re

_REPLY_TITLES = (
    r"Original Message|Original Appointment|Reply message|"
    r"Urspr(?:ü|ue)ngliche (?:Nachricht|E-Mail|Mail)|Original[- ]?Nachricht|Originalnachricht|"
    r"Message d['’]origine|Message original|Message initial|"
    r"Mensaje original|Messaggio originale|Oorspronkelijk bericht|Oorspronkelijke? bericht|Origineel bericht|"
    r"Mensagem original"
)
_FORWARD_TITLES = (
    r"Forwarded message|Forwarded by [^-]{1,80}|"
    r"Weitergeleitete Nachricht|Weitergeleitet von [^-]{1,80}|"
    r"Message transf(?:é|e)r(?:é|e)|Message r(?:é|e)exp(?:é|e)di(?:é|e)|Courriel transf(?:é|e)r(?:é|e)|"
    r"Mensaje reenviado|Mensaje remitido|Messaggio inoltrato|"
    r"Doorgestuurd bericht|Doorgestuurde bericht|"
    r"Mensagem encaminhada|Mensagem reencaminhada|Mensagem reenviada"
)
_APPLE_FORWARDS = (
    r"Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|"
    r"D(?:é|e)but du message (?:r(?:é|e)exp(?:é|e)di(?:é|e)|transf(?:é|e)r(?:é|e))|"
    r"Inicio del mensaje reenviado|Inizio (?:del )?messaggio inoltrato|Begin doorgestuurd bericht|"
    r"In(?:í|i)cio da mensagem (?:reencaminhada|encaminhada)"
)

REPLY_RULE = re.compile(rf"\s*[-‐]{{2,}}\s*(?:{_REPLY_TITLES})\s*[-‐]{{2,}}\s*", re.IGNORECASE)
"""A ruled line of Outlook and those that write like it: "-----Original Message-----". Proton drew it with U+2010."""

FORWARD_RULE = re.compile(
    rf"\s*(?:-{{2,}}\s*(?:{_FORWARD_TITLES})\s*-{{2,}}|(?:{_APPLE_FORWARDS})\s?:)\s*", re.IGNORECASE
)
"""Gmail's and Thunderbird's ruled line, Apple's sentence."""

BLANK_RULE = re.compile(r"\s*(?:_{8,}|-{8,}|\* \* \*)\s*")
"""A line that Outlook draws above its block of headers."""

FIRST_LABEL = re.compile(
    r"\s*\*?(?:From|Von|De|Da|Van|Expéditeur|Remitente|Mittente|Afzender|Remetente|"
    r"Sent|Gesendet|Envoyé|Enviado|Inviato|Verzonden)\s?:\*?\s*\S.*"
)
"""The first line of a block of headers, as Outlook and forwards show it; GMX and web.de begin with the time."""

SUBJECT_LABEL = re.compile(r"\s*\*?(?:Subject|Betreff|Objet|Sujet|Asunto|Oggetto|Onderwerp|Assunto)\s?:.*")
"""The line that tells such a block from a list a person typed ("From: Berlin, To: Munich")."""

LABEL = re.compile(
    r"\s*\*?(?:From|Sent|Date|To|Cc|CC|Bcc|Subject|Reply-To|Importance|Attachments|"
    r"Von|Gesendet|Datum|An|Kopie|Betreff|Priorität|Anlagen|Antwort an|"
    r"De|Envoyé|À|A|Objet|Sujet|Pour|Date d['’]envoi|Expéditeur|Destinataire|Copie à|"
    r"Enviado(?: el)?|Fecha|Para|Asunto|CCO|Remitente|"
    r"Da|Inviato|Data|Oggetto|Mittente|Destinatario|"
    r"Van|Verzonden|Verstuurd|Aan|Onderwerp|Afzender|"
    r"Enviad[ao](?: em)?|Assunto|Remetente)\s?:\*?(?:\s.*)?"
)
"""Any line of a block of headers."""

_VERBS = (
    r"wrote|writes|schrieb(?:en)?|geschrieben|a écrit|a ecrit|écrit|escribió|escribio|escribe|ha scritto|scrive|"
    r"schreef|geschreven|escreveu|escreve"
)
_OPENERS = r"On|Am|Le|El|Il giorno|Il|In data|Op|Em|A|Às|No dia|No"
_ADDR = r"[\w.+-]+@[\w.-]+"

DATED_ATTRIBUTION = re.compile(
    rf"[^\w<]*(?:{_OPENERS})\s+(?:[^\s\d]+\s+){{0,2}}[^\s\d]?\d.*\b(?:(?:{_VERBS})|(?:schrieb|schreef)\b.{{1,90}})\s?:\s*"
    rf"|[^\w<]*\w[^<>]{{0,60}}<{_ADDR}>\s(?:{_VERBS})\s.*\d.*:\s*"
    rf"|\d{{4}}-\d\d-\d\d \d.*<{_ADDR}>\s?:\s*"
)
"""One whole attribution, joined where it was wrapped: "On <date>, <name> wrote:" and its kin."""

NAMED_ATTRIBUTION = re.compile(
    rf"(?!As |Wie |Comme |Como |Come |Zoals )"
    rf"(?:.*{_ADDR}\W*\s|[^\w<]*[A-ZÀ-Þ][\w.'’-]*(?: (?:[A-ZÀ-Þ]|d[aeiou]s? |v[oa]n )[\w.'’-]*){{1,4}}\W?\s)"
    rf"(?:{_VERBS})\s?:\s*"
)
"""An attribution without a date: "Ana Lopez wrote:". Sure only right above quoted lines."""

TIME_OR_ADDRESS = re.compile(rf"\b\d{{1,2}}(?:[:.h]\d{{2}}\b|\s?(?:am|pm|AM|PM|Uhr)\b)|{_ADDR}")
"""What a dated attribution must carry before it may cut where no quote marks follow."""
