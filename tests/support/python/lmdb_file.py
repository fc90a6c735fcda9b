# SPDX-License-Identifier: Apache-2.0
"""Reads and changes rows of an embedded store that no process uses, with the system's liblmdb."""
import contextlib
import ctypes


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    @classmethod
    def of(cls, data):
        value = cls(len(data), None)
        value.kept = ctypes.create_string_buffer(data, len(data))
        value.data = ctypes.cast(value.kept, ctypes.c_void_p)
        return value

    def bytes(self):
        return ctypes.string_at(self.data, self.size)


def library():
    lmdb = ctypes.CDLL("liblmdb.so.0")
    lmdb.mdb_strerror.restype = ctypes.c_char_p
    return lmdb


def check(lmdb, code):
    if code != 0:
        raise OSError(lmdb.mdb_strerror(code).decode())


@contextlib.contextmanager
def table(folder, name):
    """(liblmdb, transaction, table); committed at the end."""
    lmdb = library()
    env, txn, dbi = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()
    check(lmdb, lmdb.mdb_env_create(ctypes.byref(env)))
    check(lmdb, lmdb.mdb_env_set_maxdbs(env, 16))
    check(lmdb, lmdb.mdb_env_open(env, str(folder).encode(), 0, 0o600))
    check(lmdb, lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(txn)))
    check(lmdb, lmdb.mdb_dbi_open(txn, name.encode(), 0, ctypes.byref(dbi)))
    yield lmdb, txn, dbi
    check(lmdb, lmdb.mdb_txn_commit(txn))
    lmdb.mdb_env_close(env)


def delete(folder, name, key):
    """Removes a row, which must be there."""
    with table(folder, name) as (lmdb, txn, dbi):
        check(lmdb, lmdb.mdb_del(txn, dbi, ctypes.byref(Value.of(key)), None))


def get(folder, name, key):
    """The value of a row, which must be there."""
    with table(folder, name) as (lmdb, txn, dbi):
        value = Value()
        check(lmdb, lmdb.mdb_get(txn, dbi, ctypes.byref(Value.of(key)), ctypes.byref(value)))
        return value.bytes()


def put(folder, name, key, data):
    """Adds or replaces a row."""
    with table(folder, name) as (lmdb, txn, dbi):
        check(lmdb, lmdb.mdb_put(txn, dbi, ctypes.byref(Value.of(key)),
                                 ctypes.byref(Value.of(data)), 0))
