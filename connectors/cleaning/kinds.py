"""Tells what kind of mail a message is, from its headers, its subject and how it quotes."""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re

from connectors.cleaning.headers import Headers
from connectors.message import Kind

_AUTO_HEADERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-failed-recipients")
_BULK_HEADERS = ("list-id", "list-unsubscribe", "x-campaign-id", "feedback-id")

# No "Out of office next week" or "Vacation" that a person wrote: a colon, a dash or the end must follow.
_VACATION = re.compile(
    r"(?:auto(?:matic|mated)?[- ]?(?:reply|response)|autoreply|"
    r"out of (?:the )?office(?: auto-?reply)?|vacation reply|"
    r"automatische (?:antwort|abwesenheits\w*)|abwesenheits(?:notiz|nachricht|meldung|assistent)|"
    r"abwesenheit|abwesend|nicht im büro|"
    r"réponse automatique|absence du bureau|message d['’]absence|absente? du bureau|notification d['’]absence|"
    r"respuesta automática|fuera de (?:la )?oficina|ausente de la oficina|"
    r"risposta automatica|fuori (?:sede|ufficio)|assente dall['’]ufficio|"
    r"automatisch(?:e)? (?:antwoord|bericht|reactie)|afwezigheid(?:sbericht|sassistent)?|afwezig|niet op kantoor|"
    r"resposta automática|fora do escritório|ausência (?:temporária|do escritório)|ausente do escritório|"
    r"autoodpowiedź|automatyczna odpowiedź|odpowiedź automatyczna|autosvar|automatiskt svar|automatisk svar|"
    r"frånvaromeddelande|fraværsmeddelelse|fraværsmelding|automaattinen vastaus|poissaoloilmoitus|"
    r"автоответ|автоматический ответ|автоматична відповідь|otomatik (?:yanıt|cevap)|ofis dışında|"
    r"automatická odpověď|automatická odpoveď|automatikus válasz|răspuns automat|αυτόματη απάντηση|"
    r"自動返信|自動応答|自动回复|自動回覆|자동 (?:회신|응답)|מענה אוטומטי|תשובה אוטומטית|رد تلقائي)"
    r"\s*(?::.*|[-–—] .*|$)",
    re.IGNORECASE | re.DOTALL,
)
_REPLY_PREFIX = re.compile(
    r"\s*(?:re|aw|antw|antwort|sv|vs|rif|r|ref|rép|rep|res|odp|ynt|vá|απ|σχετ|回复|答复|回覆|返信|회신|답장|השב|תגובה|رد)\s?(?:\[\d+\]|\(\d+\)|\^\d+)?\s?[:：]",
    re.IGNORECASE,
)
_FORWARD_PREFIX = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|i|enc|doorst|fs|vb|vl|pd|inoltra|reenv|trans|πρθ|προωθ|İLT|ilt|továbbítás|"
    r"转发|轉寄|轉發|転送|전달|הועבר|העבר|إعادة توجيه)\s?(?:\[\d+\])?\s?[:：]|\s*\[fwd:",
    re.IGNORECASE,
)


def classify(headers: Headers, subject: str, *, is_report: bool, quotes_as_forward: bool) -> Kind:
    """Tell a message's kind.

    Args:
        headers: The message's own.
        subject: Decoded.
        is_report: Whether a part is one that programs send: a delivery report, a receipt, a calendar answer.
        quotes_as_forward: Whether what the body quotes was passed on.
    """
    if is_report or _is_auto(headers, subject):
        return Kind.AUTO
    if any(name in headers for name in _BULK_HEADERS) or _precedence(headers) in {"bulk", "list", "junk"}:
        return Kind.BULK
    if _FORWARD_PREFIX.match(subject):
        return Kind.FORWARD
    if _REPLY_PREFIX.match(subject):
        return Kind.REPLY
    if quotes_as_forward:
        return Kind.FORWARD
    return Kind.REPLY if "in-reply-to" in headers or "references" in headers else Kind.NEW


def _is_auto(headers: Headers, subject: str) -> bool:
    auto_submitted = headers.raw("auto-submitted").partition(";")[0].strip().lower()
    return (
        auto_submitted not in {"", "no"}
        or _precedence(headers).startswith("auto")
        or any(name in headers for name in _AUTO_HEADERS)
        or headers.raw("return-path") == "<>"
        or _VACATION.match(subject) is not None
    )


def _precedence(headers: Headers) -> str:
    return headers.raw("precedence").strip().lower()
