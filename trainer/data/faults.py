"""What is wrong with an instruction that a model wrote. The phrases are those that models fall into, by language."""

import re
import unicodedata

from connectors.cleaning.language import detect
from connectors.message import Email
from trainer.data.overlap import is_copy

SHORTEST, LONGEST = 8, 400
"""Length of an instruction in characters; one of Chinese, Japanese or Korean says as much as two."""

_FULL = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TAG = re.compile(
    r"</?(?:mail|message|think|instruction|system|user|assistant)\b|<\||\|>|\[/?INST\]|</?s>|<(?:start|end)_of_turn>",
    re.IGNORECASE,
)


def _opening(*phrases: str, then: str = "") -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(phrases)}){then}", re.IGNORECASE)


_CHATTER = _opening(
    r"(?:sure|certainly|absolutely|of course|okay|ok|here(?: is| are|'s)?|instructions?|understood|got it)\b",
    r"(?:hier(?: ist)?|gerne?|natürlich|klar|selbstverständlich|anweisung|verstanden)\b",
    r"(?:voici|bien sûr|d'accord|certainement)\b",
    r"(?:aquí(?: tienes| está)?|claro|por supuesto|ecco|certo|certamente|aqui(?: está)?|com certeza|entendido)\b",
    r"(?:natuurlijk|zeker|här(?: är)?|självklart|her(?: er)?|selvfølgelig|tässä|tietysti|toki|siin|muidugi)\b",
    r"(?:oto|oczywiście|jasne|zde|jistě|samozřejmě|tu je|samozrejme|evo|naravno|tukaj|seveda|štai|žinoma|šeit)\b",
    r"(?:itt van|természetesen|iată|desigur|sigur|işte|tabii|elbette|вот|конечно|хорошо|ось|звичайно|ето|разбира)\b",
    r"(?:ορίστε|βεβαίως|φυσικά|إليك|بالتأكيد|بالطبع|הנה|בטח|כמובן|यहाँ|ज़रूर)",
    r"(?:好的|当然|當然|以下|这是|這是|はい|承知|もちろん|こちら|네|물론|알겠|다음은)",
    then="[^.。]{0,60}[:!]",
)
_DECLINED = _opening(
    r"as an? (?:ai|(?:large )?language model|assistant)\b",
    r"i(?:'m| am) (?:sorry|unable|not able|an ai|afraid i)\b",
    r"i (?:cannot|can'?t|can not|won't) (?:assist|help|provide|fulfil|comply|generate|create|write|do that)",
    r"(?:als|ich bin ein) (?:ki|sprachmodell)|ich kann (?:dabei|das|diese\w*|ihnen|dir)\b.{0,40}\bnicht",
    r"(?:es tut mir leid|tut mir leid), (?:aber )?ich kann",
    r"en tant qu'(?:ia|assistant)|je (?:suis désolée?|ne peux pas)|désolée?, (?:mais )?je",
    r"lo siento, (?:pero )?no puedo|como (?:una? )?(?:ia|modelo de lenguaje|asistente)|no puedo (?:ayudar|cumplir)",
    r"mi dispiace, (?:ma )?non posso|come (?:ia|modello linguistico|assistente)|non posso (?:aiutar|soddisfar)",
    r"(?:desculpe|sinto muito|lamento), (?:mas )?não posso|não posso (?:ajudar|atender)",
    r"het spijt me, (?:maar )?ik kan|als (?:een )?(?:ai|taalmodel)|ik kan (?:dit|deze|u|je)\b.{0,40}\bniet",
    r"jag kan (?:tyvärr )?inte hjälpa|beklager, (?:men )?jeg kan|przykro mi|nie mogę (?:pomóc|spełnić)",
    r"как (?:ии|языковая модель|искусственный)|извините, (?:но )?я не могу|к сожалению, я не могу",
    r"(?:很)?抱歉|对不起|對不起|作为(?:一个|一名)?(?:AI|人工智能)|我(?:无法|不能)(?:帮|提供|协助)",
    r"申し訳(?:ありません|ございません)|AIとして|죄송합니다|AI로서",
)
_DESCRIPTION = _opening(
    r"(?:the|this) (?:e-?mail|mail|message|text) (?:is|was|has|\w+s)\b",
    r"(?:the|this) (?:author|sender|writer|user)\b|in (?:the|this) (?:e-?mail|message)\b",
    r"(?:die|diese|dieses|das|in (?:der|dieser)) (?:e-?mail|mail|nachricht)\b",
    r"(?:der|die) (?:autor|absender|verfasser)(?:in)?\b",
    r"(?:l'|cet? |le )(?:e-?mail|courriel|mail|message|auteure?|expéditeur|expéditrice)\b",
    r"(?:el|la|este) (?:correo|mensaje|e-?mail|autora?|remitente)\b",
    r"(?:l'|la |il |questa |questo )(?:e-?mail|mail|messaggio|autore|autrice|mittente)\b",
    r"(?:o|a|este|esta) (?:e-?mail|mensagem|autora?|remetente)\b",
    r"(?:de|deze|het|dit) (?:e-?mail|mail|bericht|auteur|afzender|schrijver)\b",
    r"(?:mejlet|e-?post(?:en|meddelandet)|meddelandet|avsändaren|författaren|beskeden|afsenderen|avsenderen)\b",
    r"(?:ten |ta )?(?:e-?mail|wiadomość|autor|nadawca)\b|(?:это )?(?:письмо|сообщение|автор|отправитель)\b",
    r"(?:这|這|该|此)封?(?:邮件|郵件|信)|(?:作者|发件人|寄件人)",
    r"(?:この|本)?(?:メール|送信者|差出人|著者|筆者)[はがで]|(?:이 )?(?:이?메일|발신자|작성자)[은는이가]",
)
_LETTER = _opening(
    r"(?:dear|hi|hello|hey|hallo|hej|sehr geehrte[rs]?|(?:liebe[rs]?|beste)(?! grüße)|geachte)\b",
    r"(?:hei|kære|kjære|kär[ea]|bonjour|bonsoir|chère?s?|hola|estimad[oa]s?|querid[oa]s?|ciao|gentile)\b",
    r"(?:madame|monsieur|egregi[oa]|buongiorno|olá|prezad[oa])\b",
    r"(?:cześć|szanown[ya]|dobrý den|ahoj|уважаем\w+|здравствуйте|привет|kedves|stimate?ă?|merhaba)\b",
    r"(?:您好|你好|尊敬的|안녕하세요)",
    then="[^.:]{0,40}[,:!、]",
)
_PHRASES = (("tags", _TAG.search), ("declined", _DECLINED.match), ("chatter", _CHATTER.match),
            ("description", _DESCRIPTION.match), ("letter", _LETTER.match))  # fmt: skip
_ALIKE = (
    frozenset({"da", "no", "sv"}),
    frozenset({"cs", "sk"}),
    frozenset({"hr", "sl"}),
    frozenset({"bg", "ru", "uk"}),
)
"""Languages that a sentence or two do not always tell apart."""


def warm() -> None:
    """Load what tells languages apart: threads that need it at the same moment would each load it."""
    detect("What language is this?")


def find_fault(instruction: str, email: Email) -> str:
    """Return why an instruction cannot be used, in a word or two, or "" where it can.

    "empty", "too long", "tags" (a mark of a prompt in it), "declined" (the model will not), "chatter" (words around
    it), "description" (it tells of the mail), "letter" (it is a mail itself), "copy", "other language".
    """
    length = len(instruction) + len(_FULL.findall(instruction))
    if length < SHORTEST:
        return "empty"
    if length > LONGEST:
        return "too long"
    # Full-width colons and curly apostrophes are colons and apostrophes to the patterns above.
    plain = unicodedata.normalize("NFKC", instruction).replace("\u2019", "'")
    for fault, looks_like in _PHRASES:
        if looks_like(plain):
            return fault
    if is_copy(instruction, email.text):
        return "copy"
    return "" if _is_language(detect(instruction), email.language) else "other language"


def _is_language(found: str, wanted: str) -> bool:
    return found == wanted or "und" in (found, wanted) or any({found, wanted} <= group for group in _ALIKE)
