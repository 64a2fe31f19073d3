"""The language of short mails is told in the seven languages promised, and nothing is guessed from too little."""

# ruff: noqa: RUF001  other scripts have letters that look like Latin ones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cleaning.language import detect

SHORT_MAILS = {
    "en": (
        "Thanks, see you at three.",
        "Can you send me the slides before Friday?",
        "No, Tuesday does not work for me. Thursday?",
        "Sounds good to me!\n\nBest,\nAna",
        "I attached the signed contract. Let me know if anything is missing.",
        "Sorry for the late reply, I was travelling.",
        "Yes please, two tickets.",
        "Hi Tom,\n\nthe invoice is paid.\n\nBest, Ana",
        "Great, let's do that.",
        "Could we move the call to 4 pm? I have a dentist appointment.",
    ),
    "de": (
        "Danke, bis später um drei.",
        "Kannst du mir die Folien vor Freitag schicken?",
        "Nein, Dienstag passt mir nicht. Donnerstag?",
        "Klingt gut!\n\nViele Grüße\nAna",
        "Anbei der unterschriebene Vertrag. Sag Bescheid, wenn etwas fehlt.",
        "Entschuldige die späte Antwort, ich war unterwegs.",
        "Ja gerne, zwei Karten bitte.",
        "Hallo Tom,\n\ndie Rechnung ist bezahlt.\n\nLG Ana",
        "Super, machen wir so.",
        "Koennen wir den Termin auf 16 Uhr verschieben? Ich muss zum Zahnarzt.",
    ),
    "fr": (
        "Merci, à tout à l'heure.",
        "Peux-tu m'envoyer les diapos avant vendredi ?",
        "Non, mardi ne me convient pas. Jeudi ?",
        "Ça me va !\n\nBien à toi,\nAna",
        "Je joins le contrat signé. Dis-moi s'il manque quelque chose.",
        "Désolée pour la réponse tardive, j'étais en voyage.",
        "Oui, deux billets s'il te plaît.",
        "Bonjour Tom,\n\nla facture est payée.\n\nCordialement, Ana",
        "Parfait, faisons comme ça.",
        "Peut-on déplacer l'appel à 16 h ? J'ai rendez-vous chez le dentiste.",
    ),
    "es": (
        "Gracias, nos vemos a las tres.",
        "¿Me puedes mandar las diapositivas antes del viernes?",
        "No, el martes no me viene bien. ¿Jueves?",
        "Me parece bien.\n\nUn abrazo,\nAna",
        "Adjunto el contrato firmado. Dime si falta algo.",
        "Perdona la tardanza, estaba de viaje.",
        "Sí, dos entradas por favor.",
        "Hola Tom:\n\nla factura está pagada.\n\nSaludos, Ana",
        "Genial, hagamos eso.",
        "¿Podemos pasar la llamada a las cuatro? Tengo dentista.",
    ),
    "it": (
        "Grazie, ci vediamo alle tre.",
        "Puoi mandarmi le slide prima di venerdì?",
        "No, martedì non mi va bene. Giovedì?",
        "Per me va bene!\n\nUn caro saluto,\nAna",
        "In allegato il contratto firmato. Fammi sapere se manca qualcosa.",
        "Scusa il ritardo, ero in viaggio.",
        "Sì, due biglietti per favore.",
        "Ciao Tom,\n\nla fattura è pagata.\n\nA presto, Ana",
        "Ottimo, facciamo così.",
        "Possiamo spostare la chiamata alle 16? Ho il dentista.",
    ),
    "nl": (
        "Bedankt, tot vanmiddag om drie uur.",
        "Kun je me de slides voor vrijdag sturen?",
        "Nee, dinsdag komt mij niet uit. Donderdag?",
        "Klinkt goed!\n\nGroetjes,\nAna",
        "In de bijlage het getekende contract. Laat maar weten als er iets ontbreekt.",
        "Sorry voor de late reactie, ik was op reis.",
        "Ja graag, twee kaartjes.",
        "Hoi Tom,\n\nde factuur is betaald.\n\nGroet, Ana",
        "Prima, zo doen we het.",
        "Kunnen we het gesprek naar vier uur verplaatsen? Ik moet naar de tandarts.",
    ),
    "pt": (
        "Obrigada, até às três.",
        "Podes mandar-me os slides antes de sexta?",
        "Não, terça não me dá jeito. Quinta?",
        "Por mim tudo bem!\n\nUm abraço,\nAna",
        "Segue em anexo o contrato assinado. Diz-me se faltar alguma coisa.",
        "Desculpa a demora, estava em viagem.",
        "Sim, dois bilhetes por favor.",
        "Olá Tom,\n\na fatura está paga.\n\nCumprimentos, Ana",
        "Ótimo, vamos fazer assim.",
        "Podemos passar a chamada para as quatro? Tenho dentista.",
    ),
}


def test_short_mails() -> None:
    """At most two of seventy short mails are mistaken."""
    mistaken = [(code, text) for code, texts in SHORT_MAILS.items() for text in texts if detect(text) != code]
    assert len(mistaken) <= 2, mistaken


@pytest.mark.parametrize("code", SHORT_MAILS)
def test_longer_mails(code: str) -> None:
    """A mail of some sentences is never mistaken."""
    assert detect("\n\n".join(SHORT_MAILS[code])) == code


@pytest.mark.parametrize(
    "text", ["", "ok", "Ana", "12345 678", "https://example.org/a/long/address", "ana@example.org", "😀"]
)
def test_too_little_to_tell(text: str) -> None:
    """Too little text has no language."""
    assert detect(text) == "und"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tack, vi ses klockan tre i morgon på kontoret.", "sv"),
        ("Dziękuję, do zobaczenia jutro o trzeciej.", "pl"),
        ("Привет, Том! В пятницу мне удобно, я принесу чертежи.", "ru"),
        ("明日の会議は三時からです。", "ja"),
    ],
)
def test_other_languages(text: str, code: str) -> None:
    """Other languages are known by their own names, not taken for one of the seven."""
    assert detect(text) == code


@given(st.text(max_size=500))
@settings(deadline=None)
def test_any_text(text: str) -> None:
    """Whatever the text, a code comes out."""
    assert 2 <= len(detect(text)) <= 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("好的", "zh"),
        ("了解です", "ja"),
        ("네, 좋아요", "ko"),
        ("תודה", "he"),
        ("Ναι", "el"),
        ("OK 👍", "und"),
        ("é", "und"),
    ],
)
def test_a_few_letters_of_a_script(text: str, code: str) -> None:
    """A script of one language tells it in two letters; others need more."""
    assert detect(text) == code
