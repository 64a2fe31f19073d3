"""What phones and mail programs put under a mail, "Sent from my iPhone", in seven languages. Only knowledge."""

# ruff: noqa: RUF001  people type curly apostrophes and dashes, and so do programs

import re

APP_LINE = re.compile(
    r"(?:"
    r"Sent (?:from|with|using|via) "
    r"(?:my|the|mobile|Outlook|Mail|Yahoo|Gmail|Proton|Samsung|Spark|K-9|Thunderbird|an?)\b.*|"
    r"Get Outlook for .*|"
    r"(?:Diese Nachricht wurde )?(?:Von|von|Vom) (?:meine[mr]|Outlook|Yahoo|Samsung) ?.* (?:gesendet|verschickt)\.?|"
    r"(?:Gesendet|Versendet) (?:von|vom|mit|aus|über|via) "
    r"(?:meine[mr]|der|Outlook|Mail|Yahoo|Proton|Samsung|unterwegs)\b.*|"
    r"(?:Holen Sie sich )?Outlook für .* (?:beziehen|holen|herunterladen)\.?|Holen Sie sich Outlook für .*|"
    r"Envoyé (?:de|depuis|à partir de|avec) (?:mon|ma|la|Outlook|Yahoo|Proton|un|l['’]app)\b.*|"
    r"(?:Obtenez|Obtenir|Télécharger|Téléchargez) Outlook pour .*|"
    r"Enviado (?:desde|con) (?:mi|Outlook|Yahoo|Proton|un|el|la|Correo)\b.*|"
    r"(?:Obtener|Obtenga|Obtén) Outlook para .*|"
    r"Inviato (?:da|dal|dalla|con) (?:iPhone|iPad|mio|mia|Outlook|Yahoo|Proton|Posta|smartphone|Libero)\b.*|"
    r"(?:Scarica|Ottieni) Outlook per .*|"
    r"(?:Verzonden|Verstuurd) (?:vanaf|vanuit|met|via) (?:mijn|Outlook|Mail|Yahoo|Proton|een)\b.*|"
    r"(?:Download Outlook voor .*|Outlook voor .* (?:downloaden|ophalen))|"
    r"Enviado (?:do|da|a partir do|através do|pelo) (?:meu|minha|Outlook|Yahoo|Proton|Correio|Email|iPhone)\b.*|"
    r"(?:Obter|Obtenha|Baixe) (?:o )?Outlook para .*"
    r")"
)
