/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of processes, which may be any bytes, as the formats have them.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "uapi/faultline.h"

enum {
	TEXT_WORD_BYTES		= 4 * FAULTLINE_COMM_LEN + 1,
	TEXT_QUOTED_BYTES	= 6 * FAULTLINE_COMM_LEN + 3,
};

/**
 * text_word() - one word always, of ASCII
 * @comm: as in a record
 * @word: blanks, backslashes, what does not print and no name become \xNN
 */
void text_word(const char comm[FAULTLINE_COMM_LEN], char word[TEXT_WORD_BYTES]);

/**
 * text_from_word() - what text_word() made a word of
 * @word: the word; need not end there
 * @length: its bytes
 * @comm: filled in, NUL padded
 *
 * Return: false if it is no such word.
 */
bool text_from_word(const char *word, size_t length, char comm[FAULTLINE_COMM_LEN]);

/**
 * text_character() - how long is the character of UTF-8 that begins here?
 * @at: a byte
 * @left: how many there are from it on, at least 1
 *
 * Return: its bytes, 0 if none begins here.
 */
size_t text_character(const char *at, size_t left);

/**
 * text_json() - a string of JSON, with its quotes
 * @at: room for 6 * @length + 2 bytes
 * @text: ends at a NUL, or after @length; bytes that are no UTF-8 become U+FFFD each
 * @length: bytes at most
 *
 * A < is escaped, too, so that it may stand in a page of HTML.
 *
 * Return: behind it; no NUL is written.
 */
char *text_json(char *at, const char *text, size_t length);

/**
 * text_utf8() - text as it is, but for bytes that are no UTF-8
 * @at: room for 3 * @length bytes
 * @text: as in text_json()
 * @length: bytes at most
 *
 * Return: behind it; no NUL is written.
 */
char *text_utf8(char *at, const char *text, size_t length);

/**
 * text_csv() - a field of CSV, always quoted
 * @at: room for 3 * @length + 2 bytes
 * @text: as in text_json()
 * @length: bytes at most
 *
 * Return: behind it; no NUL is written.
 */
char *text_csv(char *at, const char *text, size_t length);

#endif /* TEXT_H */
