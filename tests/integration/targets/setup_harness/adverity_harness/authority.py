# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of a private authority, which trustme makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trustme


class Authority(trustme.CA):
    """Signs certificates. `bundle` is the path of its own, which is what `ca_path` takes."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.bundle = str(folder / "authority.pem")
        self.cert_pem.write_to_path(self.bundle)

    def certify(self, name: str = "127.0.0.1", **options: Any) -> dict[str, str]:
        """Return the simulator's options for a new certificate; `options` are those of ``issue_cert``."""
        path = str(self._folder / f"certificate{len(list(self._folder.iterdir()))}.pem")
        self.issue_cert(name, **options).private_key_and_cert_chain_pem.write_to_path(path)
        return {"certfile": path, "keyfile": path}
