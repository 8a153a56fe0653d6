#pragma once
/* What the store tests share: a schema of their own, each test in a transaction that is rolled
 * back, and a few people to give work to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db.h"
#include "store/sql.h"

/* For cmocka_run_group_tests. TTS_TEST_DB_URL names the database. */
int fixture_open(void **state);
int fixture_close(void **state);

typedef void (*fixture_fn)(struct db_session *s);
/* Runs fn in a coroutine, inside a transaction that is rolled back afterwards. */
void fixture_run(fixture_fn fn);
/* The same without a transaction: fn brings its own. */
void fixture_run_bare(fixture_fn fn);

#define COORDINATOR_A 11
#define COORDINATOR_B 12
#define REVIEWER_A 21
#define REVIEWER_B 22
#define APPROVER 31
#define ADMIN 41
#define EMPLOYEE 51

#define NOW (INT64_C(1768213800) * 1000000) /* 2026-01-12T10:30:00Z */
#define OK(expression) assert_int_equal(expression, ERR_OK)
