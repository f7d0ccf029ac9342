# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What Adverity showed of extracts before a request for them was sent, as it stands in the ledger with the request. Pure.

The labels are recorded as they were shown, because users can say later what a label of their instance means. In JSON: the label, if all extracts had the
same, or a list of the first and the last extract, the runs of equal labels in the order of IDs (``a2ba`` is twice the first label, the second one, the first
one), and the labels. So an ordinary request takes less than one byte for each extract.
"""

from __future__ import annotations

import itertools
import json
import re
import string
import typing as t
from datetime import datetime, timezone

Label = t.Optional[str]  # None: the API showed none
_LETTERS = string.ascii_letters  # one for each label
_RUN = re.compile(r"([a-zA-Z])(\d*)")


class Baseline(t.NamedTuple):
    """``clock``: the time of the API's last response before the request, None where it showed none. ``labels``: of each extract; None where no list was
    read before the request."""

    clock: datetime | None = None
    labels: t.Mapping[int, Label] | None = None

    def only(self, extract_ids: t.Iterable[int]) -> Baseline:
        """The same for some of the extracts."""
        return (
            self
            if self.labels is None
            else self._replace(labels={each: self.labels.get(each) for each in extract_ids})
        )

    def stored(self) -> tuple[int | None, str | None]:
        """As it stands in the ledger: seconds since 1970, and the labels."""
        seconds = None if self.clock is None else int(self.clock.timestamp())
        return seconds, _encode(self.labels) if self.labels else None


NO_BASELINE = Baseline()


def moment(seconds: int | None) -> datetime | None:
    """The clock of a baseline that was read from the ledger."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def span(stored: str) -> tuple[int, int] | None:
    """The first and the last extract of labels that differ; None where all extracts have the same, so that the others need not be known.

    Raises ValueError.
    """
    value = json.loads(stored)
    return (int(value[0]), int(value[1])) if isinstance(value, list) else None


def decode(stored: str, extract_ids: t.Collection[int]) -> dict[int, Label]:
    """The labels of all extracts of a request. Raises ValueError where they do not fit together."""
    value = json.loads(stored)
    if not isinstance(value, list):
        return dict.fromkeys(extract_ids, _label(value))
    _first, _last, runs, *labels = value
    found = [
        _label(labels[_LETTERS.index(letter)])
        for letter, count in _RUN.findall(runs)
        for _each in range(int(count or 1))
    ]
    if len(found) != len(extract_ids):
        raise ValueError(f"labels of {len(found)} extracts, and {len(extract_ids)} extracts")
    return dict(zip(sorted(extract_ids), found))


def _encode(labels: t.Mapping[int, Label]) -> str:
    ids = sorted(labels)
    different = list(dict.fromkeys(labels[each] for each in ids))
    if len(different) > len(_LETTERS):
        return "null"  # more labels than Adverity can have count as none
    if len(different) == 1:
        return json.dumps(different[0])
    letters = (_LETTERS[different.index(labels[each])] for each in ids)
    runs = [(letter, len(list(group))) for letter, group in itertools.groupby(letters)]
    shown = "".join(letter + (str(count) if count > 1 else "") for letter, count in runs)
    return json.dumps([ids[0], ids[-1], shown, *different], separators=(",", ":"))


def _label(value: t.Any) -> Label:
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"no label: {value!r:.80}")
