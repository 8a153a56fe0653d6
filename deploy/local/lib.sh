# shellcheck shell=bash disable=SC2034
# Sourced by every script here: where things are, on which ports, and how a started process is
# recorded, recognised and stopped.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
HERE=$ROOT/deploy/local
PORT_OFFSET=${PORT_OFFSET:-0}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

case $PORT_OFFSET in
*[!0-9]* | '') die "PORT_OFFSET=$PORT_OFFSET is not a number" ;;
esac
[ "$PORT_OFFSET" -le 49000 ] || die "PORT_OFFSET=$PORT_OFFSET moves ports beyond 65535 (at most 49000)"

if [ -z "${STATE_DIR:-}" ]; then
    STATE_DIR=$ROOT/.run
    [ "$PORT_OFFSET" -eq 0 ] || STATE_DIR=$ROOT/.run/offset-$PORT_OFFSET
fi
export STATE_DIR PORT_OFFSET

# ---- ports ---------------------------------------------------------------------------------------

# port NAME: the port called NAME_PORT in .env, moved by PORT_OFFSET.
port() {
    local value
    value=$(sed -n "s/^$1_PORT=//p" "$ROOT/.env")
    [ -n "$value" ] || die "no port $1_PORT in .env"
    echo $((value + PORT_OFFSET))
}

# program_port auth-service: the port a program listens on.
program_port() { port "$(tr 'a-z-' 'A-Z_' <<<"$1")"; }

# programs: the services in the order in which they start; the gateway, which needs them all, last.
programs() {
    sed -n 's/_SERVICE_PORT=.*//p' "$ROOT/.env" | while read -r name; do
        echo "$(tr 'A-Z_' 'a-z-' <<<"$name")-service"
    done
    echo gateway
}

program_file() { echo "$ROOT/build/${VARIANT:-release}/$1/$1"; }

# program_url auth-service: where it answers on this machine.
program_url() { echo "http://127.0.0.1:$(program_port "$1")"; }

port_is_listening() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

# port_holder PORT: "pid 123 (nginx: master process)" of whoever listens there.
port_holder() {
    local pid
    pid=$(ss -Hltnp "sport = :$1" | sed -n 's/.*pid=\([0-9]*\),.*/\1/p' | head -n 1)
    if [ -n "$pid" ]; then
        echo "pid $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/ *$//' | cut -c 1-120))"
    else
        echo "a process of another user (sudo ss -ltnp 'sport = :$1' tells which)"
    fi
}

# require_free PURPOSE PORT...: ends the script with one line for each port that is taken. A process that has
# just been killed may hold its ports for a moment.
require_free() {
    local purpose=$1 p taken=0 deadline=$((SECONDS + 5))
    shift
    for p in "$@"; do
        while port_is_listening "$p" && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    done
    for p in "$@"; do
        port_is_listening "$p" || continue
        say "$(basename "$0"): port $p, needed by $purpose, is held by $(port_holder "$p")"
        taken=1
    done
    [ $taken -eq 0 ] || exit 1
}

# ---- processes -----------------------------------------------------------------------------------
# A process is known by its id and start time, so that a reused id is never taken for ours.

# process_started PID: its start time while it runs; nothing once it has ended or begun to (proc(5), stat).
process_started() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" = Z ] || [ $(($7 & 4)) -ne 0 ] || echo "${20}"
}

# record_process NAME PID; a reader never sees half a record.
record_process() {
    mkdir -p "$STATE_DIR/pid"
    echo "$2 $(process_started "$2")" >"$STATE_DIR/pid/.$1.$$"
    mv -f "$STATE_DIR/pid/.$1.$$" "$STATE_DIR/pid/$1"
}

# process_id NAME: its id while it runs; fails otherwise.
process_id() {
    local pid started
    read -r pid started 2>/dev/null <"$STATE_DIR/pid/$1" || return 1
    [ -n "$started" ] && [ "$(process_started "$pid")" = "$started" ] || return 1
    echo "$pid"
}

# stop_process NAME SIGNAL SECONDS: asks, waits, and kills what has not ended by then.
stop_process() {
    local pid deadline=$((SECONDS + $3))
    if pid=$(process_id "$1"); then
        kill -s "$2" "$pid" 2>/dev/null || true
        while process_id "$1" >/dev/null; do
            if [ $SECONDS -ge $deadline ]; then
                say "$1 (pid $pid) did not stop within $3 s: killed"
                kill -s KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.1
        done
    fi
    rm -f "$STATE_DIR/pid/$1"
}

# await SECONDS NAME COMMAND...: until the command succeeds; fails when process NAME ends before or
# time runs out.
await() {
    local deadline=$((SECONDS + $1)) name=$2
    shift 2
    until "$@"; do
        process_id "$name" >/dev/null || return 1
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}

# ---- privileges ----------------------------------------------------------------------------------

# drop_to USER [stay]: sets DROP to the command prefix that runs a server as the user its package made, and
# OWNER to whom its files belong. Where that user cannot reach the checkout (one under /root, say), "stay"
# leaves the server to root; without it the server keeps the one capability that lets it through: PostgreSQL
# refuses root, and Erlang asks access(2), which knows no capabilities.
drop_to() {
    DROP=()
    OWNER=$(id -un)
    [ "$(id -u)" -eq 0 ] || return 0
    local prefix=(setpriv --reuid="$1" --regid="$1" --init-groups)
    if ! "${prefix[@]}" test -x "$STATE_DIR"; then
        [ "${2:-}" != stay ] || return 0
        prefix+=(--inh-caps=+dac_override --ambient-caps=+dac_override)
    fi
    OWNER=$1
    DROP=("${prefix[@]}")
}

# ---- readiness -----------------------------------------------------------------------------------

# readiness PROGRAM: "ready", or what /ready says instead.
readiness() {
    local answer
    answer=$(curl -s -m 2 -w '\n%{http_code}' "$(program_url "$1")/ready") || { echo 'does not answer'; return; }
    if [ "${answer##*$'\n'}" = 200 ]; then
        echo ready
    else
        tr -d '\n' <<<"${answer%$'\n'*}"
        echo
    fi
}

# not_ready: one line for each program that is not.
not_ready() {
    local program state
    for program in $(programs); do
        state=$(readiness "$program")
        [ "$state" = ready ] || echo "$program: $state"
    done
}
