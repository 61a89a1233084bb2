"""How much memory this process has of its machine, on each system in that system's way."""

from __future__ import annotations

import os
import sys

if sys.platform == "linux":
    _PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

    def resident_bytes() -> int:
        """Memory of this process that lies in the machine's."""
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * _PAGE_BYTES

elif sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *((f"size{number}", ctypes.c_size_t) for number in range(8)),
        )

    def resident_bytes() -> int:
        """Memory of this process that lies in the machine's."""
        counters = _Counters()
        counters.cb = ctypes.sizeof(counters)
        process = wintypes.HANDLE(ctypes.windll.kernel32.GetCurrentProcess())
        ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
        return int(counters.size1)

else:
    import resource

    def resident_bytes() -> int:
        """The most memory of this process that ever lay in the machine's."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
