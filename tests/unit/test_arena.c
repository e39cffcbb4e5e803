/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>

#include "check.h"

static void pieces_are_aligned_and_apart(void **state)
{
    struct arena arena;
    char *last = NULL;

    (void)state;
    arena_init(&arena, 1 << 20, NULL, 0);
    for (size_t bytes = 1; bytes < 300; bytes++) {
        char *piece = arena_alloc(&arena, bytes);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
        assert_ptr_not_equal(piece, last);
        memset(piece, (int)bytes, bytes); /* the sanitizer sees an overlap with foreign memory */
        last = piece;
    }
    arena_done(&arena);
}

static void memory_of_the_caller_comes_first(void **state)
{
    alignas(max_align_t) char first[256];
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16, first, sizeof first);
    char *a = arena_alloc(&arena, 200);
    assert_ptr_equal(a, first);
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_alloc(&arena, 200));
    assert_true(arena.total > 0);
    arena_done(&arena);
}

static void an_arena_without_heap_uses_what_it_was_given(void **state)
{
    alignas(max_align_t) char first[64];
    struct arena arena;

    (void)state;
    arena_init(&arena, 0, first, sizeof first);
    assert_non_null(arena_alloc(&arena, 64));
    assert_null(arena_alloc(&arena, 1));
    arena_done(&arena);
}

static void the_ceiling_holds(void **state)
{
    const size_t max = 64 * 1024;
    struct arena arena;
    size_t taken = 0;

    (void)state;
    arena_init(&arena, max, NULL, 0);
    while (arena_alloc(&arena, 1000))
        taken += 1000;
    assert_true(taken > max / 2);
    assert_true(arena.total <= max);
    assert_null(arena_alloc(&arena, max + 1));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    arena_done(&arena);
}

static void a_small_ceiling_still_gives_small_pieces(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1000, NULL, 0);
    void *piece = arena_alloc(&arena, 100);
    arena_done(&arena);
    assert_non_null(piece);
}

static void a_piece_larger_than_a_block_is_given(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20, NULL, 0);
    char *piece = arena_alloc(&arena, 100000);
    assert_non_null(piece);
    memset(piece, 1, 100000);
    assert_non_null(arena_alloc(&arena, 10));
    arena_done(&arena);
}

static void copies_end_with_nul(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16, NULL, 0);
    assert_string_equal(arena_copy(&arena, (struct str){"abcdef", 3}), "abc");
    assert_string_equal(arena_copy(&arena, (struct str){0}), "");
    arena_done(&arena);
}

static void a_done_arena_gives_nothing_and_may_be_done_again(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16, NULL, 0);
    assert_non_null(arena_alloc(&arena, 10));
    arena_done(&arena);
    assert_null(arena_alloc(&arena, 10));
    arena_done(&arena);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("pieces are aligned and apart", pieces_are_aligned_and_apart),
        CASE("memory of the caller comes first", memory_of_the_caller_comes_first),
        CASE("an arena without heap uses what it was given",
             an_arena_without_heap_uses_what_it_was_given),
        CASE("the ceiling holds", the_ceiling_holds),
        CASE("a small ceiling still gives small pieces", a_small_ceiling_still_gives_small_pieces),
        CASE("a piece larger than a block is given", a_piece_larger_than_a_block_is_given),
        CASE("copies end with NUL", copies_end_with_nul),
        CASE("a done arena gives nothing and may be done again",
             a_done_arena_gives_nothing_and_may_be_done_again),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
