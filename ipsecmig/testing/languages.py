"""Languages of Windows, as far as its command line says things in them."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True)
class Speech:
    """What a language brings: its LANGID and code pages ([MS-LCID], [MS-UCODEREF]), and what the programs say in it.

    `no_such_command` takes the name of the command. The texts are those of Windows; no test of a client should depend
    on more than that they are in another language.
    """

    langid: str
    ansi: int
    oem: int
    default_value: str
    error: str
    no_such_key: str
    denied: str
    no_such_command: str
    code_page: str


class Language(Enum):
    """The display languages that a host may have, by their names in BCP 47."""

    ENGLISH = "en-US"
    GERMAN = "de-DE"
    FRENCH = "fr-FR"
    JAPANESE = "ja-JP"
    CHINESE = "zh-CN"


SPEECH: Final = {
    Language.ENGLISH: Speech(
        "0409",
        1252,
        437,
        "(Default)",
        "ERROR",
        "The system was unable to find the specified registry key or value.",
        "Access is denied.",
        "'{}' is not recognized as an internal or external command,\r\noperable program or batch file.",
        "Active code page: {}",
    ),
    Language.GERMAN: Speech(
        "0407",
        1252,
        850,
        "(Standard)",
        "FEHLER",
        "Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.",
        "Zugriff verweigert",
        'Der Befehl "{}" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden.',
        "Aktive Codepage: {}.",
    ),
    Language.FRENCH: Speech(
        "040c",
        1252,
        850,
        "(par défaut)",
        "ERREUR",
        "Le système n'a pas trouvé la clé ou la valeur de Registre spécifiée.",
        "Accès refusé.",
        "'{}' n'est pas reconnu en tant que commande interne\r\nou externe, un programme exécutable ou un fichier de "
        "commandes.",
        "Page de codes active : {}",
    ),
    Language.JAPANESE: Speech(
        "0411",
        932,
        932,
        "(既定)",
        "エラー",
        "指定されたレジストリ キーまたは値が見つかりませんでした",
        "アクセスが拒否されました。",
        "'{}' は、内部コマンドまたは外部コマンド、\r\n"
        "操作可能なプログラムまたはバッチ ファイルとして認識されていません。",
        "現在のコード ページ: {}",
    ),
    Language.CHINESE: Speech(
        "0804",
        936,
        936,
        "(默认)",
        "错误",
        "系统找不到指定的注册表项或值。",
        "拒绝访问。",
        "'{}' 不是内部或外部命令，也不是可运行的程序\r\n或批处理文件。",
        "活动代码页: {}",
    ),
}

UTF_8: Final = 65001


def encode(text: str, code_page: int) -> bytes:
    """Return text as the console writes it in a code page, which puts a question mark for what the page has not.

    Raises LookupError for a code page that is not known.
    """
    return text.encode(codec(code_page), "replace")


def codec(code_page: int) -> str:
    """Return the name of Python's codec of a code page. Raises LookupError where there is none."""
    return codecs.lookup("utf-8" if code_page == UTF_8 else f"cp{code_page}").name
