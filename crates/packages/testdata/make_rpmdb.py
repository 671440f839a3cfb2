"""Writes rpmdb.sqlite: two packages and a key, with headers made by hand, in a file that SQLite writes."""
import sqlite3, struct, os, sys

def header(tags):
    index, data = b"", b""
    for tag, kind, value in sorted(tags):
        if kind == 4:
            data += b"\0" * (-len(data) % 4)
            body, count = b"".join(struct.pack(">I", n) for n in value), len(value)
        elif kind == 8:
            body, count = b"".join(v.encode() + b"\0" for v in value), len(value)
        else:
            body, count = value.encode() + b"\0", 1
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += body
    return struct.pack(">II", len(tags), len(data)) + index + data

bash = header([(1000, 6, "bash"), (1001, 6, "5.1.8"), (1002, 6, "6.el9_1"), (1011, 6, "Red Hat, Inc."),
    (1014, 6, "GPLv3+"), (1022, 6, "x86_64"), (1044, 6, "bash-5.1.8-6.el9_1.src.rpm"),
    (1116, 4, [0, 1]), (1117, 8, ["bash", "bash.1"]), (1118, 8, ["/usr/bin/", "/usr/share/man/man1/"])])
key = header([(1000, 6, "gpg-pubkey"), (1001, 6, "fd431d51"), (1002, 6, "4ae0493b")])
perl = header([(1000, 6, "perl-libs"), (1001, 6, "5.32.1"), (1002, 6, "480.el9"), (1003, 4, [4]),
    (1011, 6, "Red Hat, Inc."), (1022, 6, "x86_64"), (1044, 6, "perl-5.32.1-480.el9.src.rpm"),
    (1116, 4, [0] * 2000), (1117, 8, ["module%d.pm" % n for n in range(2000)]), (1118, 8, ["/usr/share/perl5/"]),
    (5096, 6, "perl:5.32:8040:abc")])
path = sys.argv[1]
if os.path.exists(path): os.remove(path)
db = sqlite3.connect(path)
db.execute("PRAGMA page_size = 1024")
db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
db.execute("CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
for blob in (bash, key, perl):
    db.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,))
db.commit()
db.close()
