"""The trust page's words in the languages of the pages, by the first part of the language's tag."""

# ruff: noqa: E501  Sentences stay whole, and Chinese has its own punctuation.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Guide:
    """What to touch on one kind of device."""

    device: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustWords:
    """One language."""

    language: str
    title: str
    why: str
    compare: str
    download: str
    guides: tuple[Guide, ...]
    then: str
    limits: str


WORDS: Final = {
    "en": TrustWords(
        "en",
        "Trust this Proofcall",
        "Camera and microphone work only over a secure connection. Install this certificate once, and this device recognises the Proofcall in your network.",
        "First compare: the terminal that runs Proofcall must show the same fingerprint (SHA-256). If it does not, stop here.",
        "Download the certificate",
        (
            Guide(
                "iPhone, iPad",
                (
                    "Open this page in Safari, tap the button and allow the download.",
                    "Settings › General › VPN & Device Management: open “Proofcall LAN” and install it.",
                    "Settings › General › About › Certificate Trust Settings: switch “Proofcall LAN” on.",
                ),
            ),
            Guide(
                "Android",
                (
                    "Tap the button and keep the file.",
                    "Settings: search for “CA certificate”, choose “Install anyway” and pick the file.",
                ),
            ),
            Guide(
                "Computer",
                (
                    "Chrome, Edge: Settings › Privacy and security › Security › Manage certificates: import it as a trusted authority.",
                    "Firefox: Settings › Privacy & Security › View Certificates › Authorities › Import.",
                    "Mac: open it in Keychain Access and choose “Always Trust”.",
                ),
            ),
        ),
        "Then open",
        "The certificate vouches for private network addresses and .local names only, never for websites. Remove it when you no longer need it.",
    ),
    "de": TrustWords(
        "de",
        "Diesem Proofcall vertrauen",
        "Kamera und Mikrofon funktionieren nur über eine sichere Verbindung. Installieren Sie dieses Zertifikat einmal, dann erkennt dieses Gerät den Proofcall in Ihrem Netz.",
        "Erst vergleichen: Das Terminal, in dem Proofcall läuft, muss denselben Fingerabdruck (SHA-256) zeigen. Wenn nicht, brechen Sie hier ab.",
        "Zertifikat herunterladen",
        (
            Guide(
                "iPhone, iPad",
                (
                    "Öffnen Sie diese Seite in Safari, tippen Sie auf den Knopf und erlauben Sie das Laden.",
                    "Einstellungen › Allgemein › VPN und Geräteverwaltung: „Proofcall LAN“ öffnen und installieren.",
                    "Einstellungen › Allgemein › Info › Zertifikatsvertrauenseinstellungen: „Proofcall LAN“ einschalten.",
                ),
            ),
            Guide(
                "Android",
                (
                    "Tippen Sie auf den Knopf und behalten Sie die Datei.",
                    "Einstellungen: nach „CA-Zertifikat“ suchen, „Trotzdem installieren“ wählen und die Datei auswählen.",
                ),
            ),
            Guide(
                "Computer",
                (
                    "Chrome, Edge: Einstellungen › Datenschutz und Sicherheit › Sicherheit › Zertifikate verwalten: als vertrauenswürdige Stelle importieren.",
                    "Firefox: Einstellungen › Datenschutz & Sicherheit › Zertifikate anzeigen › Zertifizierungsstellen › Importieren.",
                    "Mac: in der Schlüsselbundverwaltung öffnen und „Immer vertrauen“ wählen.",
                ),
            ),
        ),
        "Danach öffnen",
        "Das Zertifikat bürgt nur für private Netzadressen und .local-Namen, nie für Websites. Entfernen Sie es, wenn Sie es nicht mehr brauchen.",
    ),
    "es": TrustWords(
        "es",
        "Confiar en este Proofcall",
        "La cámara y el micrófono solo funcionan con una conexión segura. Instale este certificado una vez y este dispositivo reconocerá el Proofcall de su red.",
        "Primero compare: el terminal donde funciona Proofcall debe mostrar la misma huella (SHA-256). Si no coincide, no siga.",
        "Descargar el certificado",
        (
            Guide(
                "iPhone, iPad",
                (
                    "Abra esta página en Safari, toque el botón y permita la descarga.",
                    "Ajustes › General › VPN y gestión de dispositivos: abra «Proofcall LAN» e instálelo.",
                    "Ajustes › General › Información › Ajustes de confianza de los certificados: active «Proofcall LAN».",
                ),
            ),
            Guide(
                "Android",
                (
                    "Toque el botón y guarde el archivo.",
                    "Ajustes: busque «certificado de CA», elija «Instalar de todos modos» y seleccione el archivo.",
                ),
            ),
            Guide(
                "Ordenador",
                (
                    "Chrome, Edge: Configuración › Privacidad y seguridad › Seguridad › Gestionar certificados: impórtelo como autoridad de confianza.",
                    "Firefox: Ajustes › Privacidad y seguridad › Ver certificados › Autoridades › Importar.",
                    "Mac: ábralo en Acceso a Llaveros y elija «Confiar siempre».",
                ),
            ),
        ),
        "Después abra",
        "El certificado responde solo por direcciones de redes privadas y nombres .local, nunca por sitios web. Quítelo cuando ya no lo necesite.",
    ),
    "zh": TrustWords(
        "zh-Hans",
        "信任这台 Proofcall",
        "摄像头和麦克风只能在安全连接下使用。安装一次此证书，本设备就能识别您网络中的 Proofcall。",
        "请先核对：运行 Proofcall 的终端应显示相同的指纹（SHA-256）。如不一致，请勿继续。",
        "下载证书",
        (
            Guide(
                "iPhone、iPad",
                (
                    "用 Safari 打开本页，点按上面的按钮并允许下载。",
                    "设置 › 通用 › VPN 与设备管理：打开“Proofcall LAN”并安装。",
                    "设置 › 通用 › 关于本机 › 证书信任设置：打开“Proofcall LAN”。",
                ),
            ),
            Guide(
                "Android",
                ("点按按钮并保存文件。", "在设置中搜索“CA 证书”，选择“仍然安装”，然后选中该文件。"),
            ),
            Guide(
                "电脑",
                (
                    "Chrome、Edge：设置 › 隐私和安全 › 安全 › 管理证书：作为受信任的颁发机构导入。",
                    "Firefox：设置 › 隐私与安全 › 查看证书 › 证书颁发机构 › 导入。",
                    "Mac：在“钥匙串访问”中打开，选择“始终信任”。",
                ),
            ),
        ),
        "然后打开",
        "此证书只用于私有网络地址和 .local 名称，从不用于网站。不再需要时请将其删除。",
    ),
}
