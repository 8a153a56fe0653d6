#!/bin/bash
# The coroutines' self-test: four planted bugs, each built by gcc and clang with -O0 and -O2, must be
# reported by the sanitizers, and a correct program must not. Prints TAP.
set -u
cd "$(dirname "$0")/../../.."
out=build/co-faults
mkdir -p "$out"
includes=(-iquote common/base -iquote common/log -iquote common/json -iquote common/loop)
sources=(common/base/*.c common/log/*.c common/json/*.c common/loop/*.c common/loop/tests/co_faults.c)
libs=(-levent_core -levent_pthreads -lpthread -lm)
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=0 UBSAN_OPTIONS=halt_on_error=1
declare -A report=([overwrite]='stack-buffer-overflow|out of bounds' [use-after-free]='heap-use-after-free'
    [leak]='LeakSanitizer: detected memory leaks' [overflow]='stack-overflow|SEGV')
number=0 failed=0

check() { # description, whether it holds
    number=$((number + 1))
    if [ "$2" = yes ]; then echo "ok $number - $1"; else
        echo "not ok $number - $1"
        failed=$((failed + 1))
    fi
}

echo 1..20
for cc in gcc clang-14; do
    for level in -O0 -O2; do
        program=$out/$cc$level
        "$cc" -std=gnu11 -D_GNU_SOURCE -g "$level" -fsanitize=address,undefined -w "${includes[@]}" \
            "${sources[@]}" -o "$program" "${libs[@]}" || echo "Bail out! $cc $level does not build"
        for fault in overwrite use-after-free leak overflow; do
            text=$("$program" "$fault" 2>&1)
            grep -qE "${report[$fault]}" <<<"$text" && found=yes || found=no
            check "$cc $level reports $fault" $found
        done
        "$program" none >/dev/null 2>&1 && clean=yes || clean=no
        check "$cc $level leaves a correct program alone" $clean
    done
done
exit $((failed > 0))
