# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The response that counts. Any number of informational ones may come before it (RFC 9110, section 15.2), such as 103 Early Hints."""

from __future__ import annotations

import http.client


class FinalResponse(http.client.HTTPResponse):
    """Passes over informational responses. The standard library passes over 100 alone, and takes any other for the response to the request."""

    def begin(self) -> None:
        super().begin()
        while (
            100 <= self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS
        ):  # after 101 no HTTP follows
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first response
            super().begin()
