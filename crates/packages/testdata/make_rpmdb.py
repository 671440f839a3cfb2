"""Writes an rpm database of two packages and a key, with headers made by hand, in all three kinds: in a file that
SQLite writes (rpmdb.sqlite), in one that Berkeley DB's own db5.3_load writes (Packages), and in one in rpm's own format
(Packages.db)."""
import sqlite3, struct, os, subprocess, sys, zlib

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
folder = sys.argv[1]

path = os.path.join(folder, "rpmdb.sqlite")
if os.path.exists(path): os.remove(path)
db = sqlite3.connect(path)
db.execute("PRAGMA page_size = 1024")
db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
db.execute("CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
for blob in (bash, key, perl):
    db.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,))
db.commit()
db.close()

# Keys are the numbers of the packages; number 0 holds the greatest of them.
path = os.path.join(folder, "Packages")
if os.path.exists(path): os.remove(path)
dump = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=1024\nHEADER=END\n"
for number, blob in ((0, struct.pack("<I", 3)), (1, bash), (2, key), (3, perl)):
    dump += " %s\n %s\n" % (struct.pack("<I", number).hex(), blob.hex())
subprocess.run(["db5.3_load", path], input=dump + "DATA=END\n", text=True, check=True)

# A header, slots up to the end of a page, blobs in blocks of 16 bytes with a gap where one was deleted.
slots, blobs = b"", b""
for number, blob in ((1, bash), (2, key), (0, b"deleted"), (3, perl)):
    body = b"BlbS" + struct.pack("<III", number, 1, len(blob)) + blob
    body += b"\0" * (-(len(body) + 12) % 16)
    body += struct.pack("<II", zlib.adler32(body), len(blob)) + b"BlbE"
    if number == 0:
        body = b"\0" * len(body)
    else:
        slots += b"Slot" + struct.pack("<III", number, (4096 + len(blobs)) // 16, len(body) // 16)
    blobs += body
head = b"RpmP" + struct.pack("<IIII", 0, 5, 1, 4) + b"\0" * 12
slots += (b"Slot" + b"\0" * 12) * ((4096 - len(head) - len(slots)) // 16)
with open(os.path.join(folder, "Packages.db"), "wb") as file:
    file.write(head + slots + blobs)
