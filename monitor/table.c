// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static int compare_id(const void *key, const void *a)
{
	const struct table_row *row = a;
	uint64_t id = *(const uint64_t *)key;

	return (id > row->process->last.id) - (id < row->process->last.id);
}

static int compare_ids(const void *a, const void *b)
{
	const struct table_row *left = a;
	uint64_t id = left->process->last.id;

	return compare_id(&id, b);
}

/* What is not known stands last, whatever the direction. */
static int compare_values(double left, double right, bool falling)
{
	if (isnan(left) || isnan(right))
		return isnan(left) - isnan(right);
	return falling ? (left < right) - (left > right) : (left > right) - (left < right);
}

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct table_row *left = *(struct table_row * const *)a;
	const struct table_row *right = *(struct table_row * const *)b;
	const struct table_order *order = context;
	bool falling = cells_columns[order->column].rising == order->reverse;
	int result;

	if (order->column == CELLS_COMMAND) {
		result = strncmp(left->process->last.comm, right->process->last.comm,
				 FAULTLINE_COMM_LEN);
		result = falling ? -result : result;
	} else {
		result = compare_values(cells_value(left->process, order->column),
					cells_value(right->process, order->column), falling);
	}
	return result ?: compare_ids(left, right);
}

static bool reserve(struct table *table, size_t count)
{
	if (count <= table->room)
		return true;
	table_free(table);
	table->rows = calloc(2 * count, sizeof(*table->rows));
	table->shown = calloc(2 * count, sizeof(*table->shown));
	if (!table->rows || !table->shown) {
		table_free(table);
		return false;
	}
	table->room = 2 * count;
	return true;
}

/*
 * The parent's row.  A parent was registered before its child, so no order of ids in a
 * ring that is none of ours makes a circle.
 */
static struct table_row *find_parent(const struct table *table, const struct table_row *row)
{
	uint64_t id = row->process->last.parent_id;

	if (!id || id >= row->process->last.id)
		return NULL;
	return bsearch(&id, table->rows, table->count, sizeof(*table->rows), compare_id);
}

/* The row below this one in the tree. */
static struct table_row *next_row(struct table_row *row)
{
	if (row->child)
		return row->child;
	while (row && !row->sibling)
		row = row->parent;
	return row ? row->sibling : NULL;
}

/* From a sorted list to a tree whose siblings are sorted. */
static void make_tree(struct table *table)
{
	struct table_row *roots = NULL, **first, *row;
	size_t i;

	for (i = table->count; i-- > 0;) {
		row = table->shown[i];
		row->parent = find_parent(table, row);
		first = row->parent ? &row->parent->child : &roots;
		row->sibling = *first;
		*first = row;
	}
	for (i = 0, row = roots; row; row = next_row(row)) {
		row->depth = row->parent ? row->parent->depth + 1 : 0;
		table->shown[i++] = row;
	}
}

bool table_make(struct table *table, const struct rates *rates, const struct table_order *order)
{
	const struct rates_process *process;

	table->count = 0;
	if (!rates->count)
		return true;
	if (!reserve(table, rates->count))
		return false;
	for (process = TAILQ_FIRST(&rates->all); process; process = TAILQ_NEXT(process, all))
		table->rows[table->count++] = (struct table_row){ .process = process };
	qsort(table->rows, table->count, sizeof(*table->rows), compare_ids);
	for (size_t i = 0; i < table->count; i++)
		table->shown[i] = &table->rows[i];
	qsort_r(table->shown, table->count, sizeof(*table->shown), compare_rows, (void *)order);
	if (order->tree)
		make_tree(table);
	return true;
}

void table_free(struct table *table)
{
	free(table->rows);
	free(table->shown);
	*table = (struct table){ 0 };
}
