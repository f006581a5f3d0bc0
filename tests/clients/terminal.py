"""Runs a command on a terminal of its own and holds a dialogue with it.

    terminal.py COMMAND...   with the steps as JSON lines on standard input:

    {"expect": TEXT}          wait until TEXT is on the screen, after what was matched before
    {"send": TEXT}            type TEXT
    {"resize": [ROWS, COLS]}  make the window another size, and say so every second until what is expected next
                              is there: the docker CLI hears nothing of it until its first resize is answered

Prints everything that was on the screen and exits as the command did; 99 when a step was in vain.
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 30


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read(fd, until):
    """What is on the screen next; empty at the end or when the time is over."""
    ready, _, _ = select.select([fd], [], [], max(0, until - time.monotonic()))
    try:
        return os.read(fd, 65536) if ready else b""
    except OSError:  # EIO: the terminal's other side is closed
        return b""


def main():
    steps = [json.loads(line) for line in sys.stdin if line.strip()]
    child, fd = pty.fork()
    if child == 0:
        resize(0, 24, 80)
        os.execvp(sys.argv[1], sys.argv[1:])
    screen, matched = b"", 0
    for step in steps:
        until = time.monotonic() + PATIENCE
        if "send" in step:
            os.write(fd, step["send"].encode())
        elif "resize" in step:
            resize(fd, *step["resize"])
            signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGWINCH))
            signal.setitimer(signal.ITIMER_REAL, 1, 1)
        else:
            wanted = step["expect"].encode()
            while wanted not in screen[matched:]:
                more = read(fd, until)
                if not more:
                    print(f"waited in vain for {wanted!r}; the screen: {screen.decode(errors='replace')}")
                    sys.exit(99)
                screen += more
            matched = screen.index(wanted, matched) + len(wanted)
            signal.setitimer(signal.ITIMER_REAL, 0)
    until = time.monotonic() + PATIENCE
    while more := read(fd, until):
        screen += more
    print(screen.decode(errors="replace"))
    if time.monotonic() > until:
        print("waited in vain for the end")
        sys.exit(99)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
