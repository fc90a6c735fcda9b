# SPDX-License-Identifier: Apache-2.0
"""ristretto255 of RFC 9496 on Python's integers, and CPace of draft-irtf-cfrg-cpace on it. For tests: not in constant
time."""
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)  # extended coordinates X, Y, Z, T


class NoPoint(Exception):
    pass


def is_negative(x):
    return x % P & 1


def absolute(x):
    return -x % P if is_negative(x) else x % P


def sqrt_ratio(u, v):
    """(is it a square, the root that is not negative) of u / v; RFC 9496, section 4.2."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), absolute(r)


INV_SQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]
# The root that RFC 9496, section 4.1, writes out is the odd one.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P
assert SQRT_AD_MINUS_ONE**2 % P == (-D - 1) % P


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (x1 + y1) * (x2 + y2) - x1 * x2 - y1 * y2
    f = z1 * z2 - D * t1 * t2
    g = z1 * z2 + D * t1 * t2
    h = y1 * y2 + x1 * x2
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = IDENTITY
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def decode(text):
    s = int.from_bytes(text, "little")
    if len(text) != 32 or s >= P or is_negative(s):
        raise NoPoint
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    is_square, root = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = root * u2 % P
    x = absolute(2 * s * den_x)
    y = u1 * root * den_x * v % P
    if not is_square or is_negative(x * y) or y == 0:
        raise NoPoint
    return x, y, 1, x * y % P


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    root = sqrt_ratio(1, u1 * u2 * u2 % P)[1]
    den1, den2 = root * u1 % P, root * u2 % P
    z_inv = den1 * den2 * t0 % P
    if is_negative(t0 * z_inv):
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INV_SQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if is_negative(x * z_inv):
        y = -y % P
    return absolute(den * (z0 - y)).to_bytes(32, "little")


def elligator(t):
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    is_square, s = sqrt_ratio(u, v)
    c = P - 1
    if not is_square:
        s, c = -absolute(s * t) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_hash(text):
    halves = (int.from_bytes(text[i:i + 32], "little") % 2**255 for i in (0, 32))
    return add(*map(elligator, halves))


# ---- CPace -------------------------------------------------------------------------------------------------------------


def prepend_len(text):
    length, coded = len(text), b""
    while length >= 128:
        coded, length = coded + bytes([length & 127 | 128]), length >> 7
    return coded + bytes([length]) + text


def lv_cat(*texts):
    return b"".join(map(prepend_len, texts))


DSI = b"CPaceRistretto255"


def generator_string(prs, ci, sid):
    pad = max(0, 128 - len(prepend_len(prs)) - len(prepend_len(DSI)) - 1)
    return lv_cat(DSI, prs, bytes(pad), ci, sid)


def generator(prs, ci, sid):
    return from_hash(hashlib.sha512(generator_string(prs, ci, sid)).digest())


def share(scalar, prs, ci, sid):
    return encode(multiply(int.from_bytes(scalar, "little"), generator(prs, ci, sid)))


def point_of(scalar, peer):
    k = encode(multiply(int.from_bytes(scalar, "little"), decode(peer)))
    if k == bytes(32):
        raise NoPoint
    return k


def isk(sid, k, ya, ada, yb, adb):
    return hashlib.sha512(lv_cat(DSI + b"_ISK", sid, k) + lv_cat(ya, ada) + lv_cat(yb, adb)).digest()
