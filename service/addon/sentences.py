"""What the service itself says, in the cards' languages. Its own sentences are English; so here are the others'.

A code that has no words here (`connectors/reason.py`, `service/notices.py`, the kinds of `service/problems.py`) is said
in the service's sentence; tests see to it that none is missing that can reach a card.
"""

from collections.abc import Mapping

from connectors.errors import CyranoError, UsageError
from service.notices import Notice
from service.problems import problem

Sentences = Mapping[str, str]


class Spoken(UsageError):
    """An error whose words are in the language of whoever meets it already."""


GERMAN = {
    "notice other-prompt": "{about} wurde für eine andere Fassung der Vorlage trainiert; dies schrieb das Grundmodell. "
    "Bitte neu trainieren.",
    "notice other-model": "{about} wurde für ein anderes Grundmodell trainiert; dies schrieb das Grundmodell. "
    "Bitte neu trainieren.",
    "notice adapter-damaged": "{about} schreibt nicht: Seine Dateien sind beschädigt. Neu trainieren: cyrano train",
    "notice adapter-weights": "{about} schreibt nicht: Seine Gewichte fehlen. Neu trainieren: cyrano train",
    "notice adapter-refused": "{about} schreibt nicht: Der Modellserver nahm ihn nicht an. Warum, sagt: cyrano status",
    "notice adapter-method": "{about} schreibt nicht: Er muss ins Modell gerechnet werden. Setz [engine] serving "
    'auf "merged", oder trainiere mit [train] as_lora.',
    "notice adapter-model": "{about} schreibt nicht: Er wurde für ein anderes Grundmodell trainiert. "
    "Neu trainieren: cyrano train",
    "notice adapter-prompt": "{about} schreibt nicht: Er wurde für eine andere Fassung der Vorlage trainiert. "
    "Neu trainieren: cyrano train",
    "notice adapter-model-changed": "{about} schreibt nicht: Das Grundmodell hat sich seit dem Training geändert. "
    "Neu trainieren: cyrano train",
    "notice adapter-waits": "{about} schreibt nicht: Der Modellserver schreibt allein für ein anderes Konto. "
    "Was hilft, sagt: cyrano status",
    "notice adapter-stuck": "Für {about} kann gerade kein anderer Adapter schreiben. Was im Weg steht, sagt: "
    "cyrano status",
    "notice forgotten-writes": "{about} hat aus Mails gelernt, die vergessen werden sollten, und schreibt bis zum "
    "nächsten Training weiter: cyrano train",
    "notice forgotten-rests": "{about} hat aus Mails gelernt, die vergessen werden sollten; bis zum nächsten Training "
    "schreibt das Grundmodell: cyrano train",
    "notice untold": "Wie ein Training ausging, ließ sich {about} nicht mitteilen. Mehr sagt: cyrano status",
    "reason rests": "Der Modellserver macht gerade Platz für ein Training. Bitte später noch einmal.",
    "reason changes": "Der Modellserver wechselt gerade den Adapter. Bitte gleich noch einmal.",
    "reason makes-way": "{about} hat aus Mails gelernt, die vergessen werden sollten, und wird gerade abgelöst. "
    "Bitte in einer Minute noch einmal.",
    "reason lost": "Kein Modellserver antwortet. Starte ihn dort, wo Cyrano läuft: cyrano up",
    "reason starts": "Der Modellserver startet gerade. Bitte gleich noch einmal.",
    "reason broke-down": "Der Modellserver ist ausgefallen und startet neu. Bitte gleich noch einmal.",
    "reason empty": "Der Modellserver hat kein Modell. Warum, sagt logs/engine.log.",
    "reason slow": "Der Modellserver hat nicht rechtzeitig geantwortet. Vielleicht ist er beschäftigt: noch einmal.",
    "reason crowded": "Der Modellserver hat zu viel zu tun. Bitte gleich noch einmal.",
    "reason cut-off": "Der Modellserver hat mitten im Entwurf aufgehört. Bitte gleich noch einmal.",
    "reason taken": "Der Modellserver schreibt gerade allein für ein anderes Konto. Was hilft, sagt: cyrano status",
    "reason silent": "Das Modell hat nichts geschrieben. Sag etwas mehr, oder versuch es noch einmal.",
    "reason too-long": "Der Modellserver kann nicht so viel lesen. Senke [prompt] budget_tokens.",
    "reason key": "Der Modellserver lehnt den Schlüssel ab. Prüfe CYRANO_ENGINE_API_KEY.",
    "reason not-an-engine": "Wo der Modellserver sein sollte, antwortet etwas anderes. Prüfe [engine] url.",
    "reason wrong-writer": "Ein anderer Adapter antwortete als der gefragte. Starte den Modellserver neu.",
    "reason no-embedder": "Das Modell {about}, das Mails findet, fehlt auf dem Rechner. Lade es einmal: "
    "hf download {about}",
    "reason mail-too-large": "Diese Mail ist zu groß. Schreib die Antwort allein aus einer Anweisung.",
    "reason mail-gone": "Diese Mail gibt es nicht mehr. Öffne eine andere.",
    "reason no-consent": "Gmail lässt das Add-on diese Mail nicht lesen. Stimm noch einmal zu, oder schreib "
    "allein aus einer Anweisung.",
    "reason no-gmail": "Gmail gibt die Mail gerade nicht heraus. Bitte gleich noch einmal.",
    "problem too-many-drafts": "Es entstehen schon so viele Entwürfe, wie auf einmal dürfen. Warte, bis einer "
    "fertig ist.",
    "problem too-fast": "Es wurde zu oft gefragt. Warte einen Moment.",
    "problem prompt-too-long": "Die Anweisung ist zu lang. Kürze sie.",
    "problem usage": "So geht es nicht. Was im Weg steht, sagt das Protokoll von Cyrano.",
    "problem config": "Cyrano ist falsch eingestellt. Was zu ändern ist, sagt: cyrano doctor",
    "problem mailbox": "Das Postfach antwortet nicht, wie es soll. Mehr sagt: cyrano status",
    "problem engine-down": "Der Modellserver ist noch nicht bereit. Bitte gleich noch einmal.",
    "problem model-missing": "Dem Modellserver fehlt das Modell. Was hilft, sagt: cyrano doctor",
    "problem engine": "Der Modellserver meldet einen Fehler. Mehr sagt: cyrano doctor",
    "problem store-busy": "Die Datenbank ist beschäftigt. Bitte gleich noch einmal.",
    "problem store": "Die Datenbank macht einen Fehler. Ist die Platte voll? Mehr sagt: cyrano doctor",
    "problem error": "Etwas ist schiefgegangen. Mehr sagt das Protokoll von Cyrano.",
}

OTHERS: Mapping[str, Sentences] = {"de": GERMAN}
"""By language; English needs none."""


def say_notice(notice: Notice, language: str) -> str:
    """Return a notice in a language, or in English where it has no words for it."""
    words = OTHERS.get(language, {}).get(f"notice {notice.kind}")
    return words.format(about=notice.about) if words else notice.text


def say_error(error: CyranoError, language: str) -> tuple[str, ...]:
    """Return what went wrong and what to do, line by line; in English where a language has no words for it."""
    said = tuple(filter(None, (str(error), error.hint)))
    sentences = OTHERS.get(language, {})
    if isinstance(error, Spoken):
        return said
    words = sentences.get(f"reason {error.reason}") or sentences.get(f"problem {problem(error).kind}")
    return (words.format(about=error.about),) if words else said
