#include "base/sha256.h"

#include <sha2.h>

_Static_assert(SHA256_BYTES == SHA256_DIGEST_LENGTH, "libmd's digest has the size of FIPS 180-4");

static void to_hex(const unsigned char digest[SHA256_BYTES], char hex[SHA256_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[SHA256_HEX_BYTES - 1] = '\0';
}

void sha256(struct slice text, unsigned char digest[SHA256_BYTES])
{
	SHA2_CTX context;
	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)text.ptr, text.len);
	SHA256Final(digest, &context);
}

void sha256_hex(struct slice text, char hex[SHA256_HEX_BYTES])
{
	unsigned char digest[SHA256_BYTES];
	sha256(text, digest);
	to_hex(digest, hex);
}

void sha256_parts_hex(const struct slice *parts, size_t count, char hex[SHA256_HEX_BYTES])
{
	SHA2_CTX context;
	unsigned char digest[SHA256_BYTES];
	SHA256Init(&context);
	for (size_t i = 0; i < count; i++) {
		uint8_t length[8];
		for (unsigned byte = 0; byte < 8; byte++)
			length[byte] = (uint8_t)((uint64_t)parts[i].len >> (8 * byte));
		SHA256Update(&context, length, sizeof length);
		SHA256Update(&context, (const uint8_t *)parts[i].ptr, parts[i].len);
	}
	SHA256Final(digest, &context);
	to_hex(digest, hex);
}
