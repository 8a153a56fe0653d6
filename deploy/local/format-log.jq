# The programs' JSON log lines as "time service level message key=value …", requests shorter still; other
# lines as they are.
def shown: if type == "string" and test("^[^\\s\"=]+$") then . else tojson end;
def padded($n): . + " " * ($n - length | if . < 0 then 0 else . end);
def summary:
  if .msg == "request" and has("status")
  then "\(.method) \(.route // "-") \(.status) \(.dur_ms) ms"
  else .msg end;
def details:
  del(.ts, .service, .level, .msg, .span_id)
  | if has("method") and has("status") then del(.method, .route, .status, .dur_ms, .request_id, .bytes, .peer) else . end
  | to_entries | map("\(.key)=\(.value | shown)");

. as $line
| (try fromjson catch null)
| if type == "object" and has("msg") then
    [(.ts // "")[11:23], (.service // "" | padded(20)), (.level // "" | padded(5)), summary] + details | join(" ")
  else $line end
