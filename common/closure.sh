#!/bin/sh
# closure.sh [-p] <common dir> <library>...: the libraries and all they depend on, from the DEPS lines
# of their Makefiles; with -p the system packages (PKGS) of all of them instead.
want=libs
[ "$1" = -p ] && want=pkgs && shift
dir=$1
shift
todo="$*" seen=" " pkgs=
while [ -n "$todo" ]; do
    next=
    for lib in $todo; do
        case "$seen" in *" $lib "*) continue ;; esac
        seen="$seen$lib "
        next="$next $(sed -n 's/^DEPS *:*= *//p' "$dir/$lib/Makefile")"
        pkgs="$pkgs $(sed -n 's/^PKGS *:*= *//p' "$dir/$lib/Makefile")"
    done
    todo=$(echo $next)
done
if [ $want = pkgs ]; then echo $pkgs | tr ' ' '\n' | sort -u | tr '\n' ' '; else echo $seen; fi
