# The programs' JSON log lines as "time service level message key=value …"; other lines as they are.
def shown: if type == "string" and test("^[^\\s\"=]+$") then . else tojson end;
def padded($n): . + " " * ($n - length | if . < 0 then 0 else . end);

. as $line
| (try fromjson catch null)
| if type == "object" and has("msg") then
    [(.ts // "")[11:23], (.service // "" | padded(20)), (.level // "" | padded(5)), .msg]
    + (del(.ts, .service, .level, .msg, .span_id) | to_entries | map("\(.key)=\(.value | shown)"))
    | join(" ")
  else $line end
