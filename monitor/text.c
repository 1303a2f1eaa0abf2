// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

void text_word(const char comm[FAULTLINE_COMM_LEN], char word[TEXT_WORD_BYTES])
{
	unsigned char c;

	strcpy(word, *comm ? "" : "\\x00");
	for (int i = 0; i < FAULTLINE_COMM_LEN && comm[i]; i++) {
		c = (unsigned char)comm[i];
		word += sprintf(word, isgraph(c) && c != '\\' ? "%c" : "\\x%02x", c);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_from_word(const char *word, size_t length, char comm[FAULTLINE_COMM_LEN])
{
	const char *end = word + length;
	int used = 0, high, low;

	memset(comm, 0, FAULTLINE_COMM_LEN);
	for (; word < end; used++) {
		if (used == FAULTLINE_COMM_LEN || !isgraph((unsigned char)*word))
			return false;
		if (*word != '\\') {
			comm[used] = *word++;
			continue;
		}
		high = end - word >= 4 && word[1] == 'x' ? hex_digit(word[2]) : -1;
		low = high >= 0 ? hex_digit(word[3]) : -1;
		if (low < 0)
			return false;
		comm[used] = (char)(high << 4 | low);
		word += 4;
	}
	return length > 0;
}

/*
 * RFC 3629's table, which leaves out what could be shorter, surrogates, and what lies beyond
 * U+10FFFF.
 */
size_t text_character(const char *at, size_t left)
{
	const unsigned char *text = (const unsigned char *)at;
	unsigned char low = 0x80, high = 0xbf;
	size_t bytes;

	if (*text < 0x80)
		return 1;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	bytes = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	if (left < bytes)
		return 0;
	if (*text == 0xe0 || *text == 0xf0)
		low = *text == 0xe0 ? 0xa0 : 0x90;
	if (*text == 0xed || *text == 0xf4)
		high = *text == 0xed ? 0x9f : 0x8f;
	for (size_t i = 1; i < bytes; i++, low = 0x80, high = 0xbf)
		if (text[i] < low || text[i] > high)
			return 0;
	return bytes;
}

/* Copies a whole character, or puts U+FFFD for a byte that is none. */
static char *put_character(char *at, const char **text, const char *end)
{
	size_t bytes = text_character(*text, (size_t)(end - *text));

	if (bytes)
		at = mempcpy(at, *text, bytes);
	else
		at = stpcpy(at, "\xef\xbf\xbd");
	*text += bytes ? bytes : 1;
	return at;
}

char *text_json(char *at, const char *text, size_t length)
{
	const char *end = text + strnlen(text, length);

	*at++ = '"';
	while (text < end) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		if ((unsigned char)*text < ' ' || *text == '<' || *text == '\x7f')
			at += sprintf(at, "\\u%04x", *text++);
		else
			at = put_character(at, &text, end);
	}
	*at++ = '"';
	return at;
}

char *text_utf8(char *at, const char *text, size_t length)
{
	const char *end = text + strnlen(text, length);

	while (text < end)
		at = put_character(at, &text, end);
	return at;
}

char *text_csv(char *at, const char *text, size_t length)
{
	const char *end = text + strnlen(text, length);

	*at++ = '"';
	while (text < end) {
		if (*text == '"')
			*at++ = '"';
		at = put_character(at, &text, end);
	}
	*at++ = '"';
	return at;
}
