-- What people want. The row of user 0 is what holds for everybody who has said nothing. Cells of the
-- matrix are named "comments.email"; locked is of that row only: nobody may switch those off.
ALTER TABLE preference
    ADD COLUMN language text,
    ADD COLUMN time_zone text,
    ADD COLUMN quiet_from int CHECK (quiet_from BETWEEN 0 AND 1439), -- minutes of the local day
    ADD COLUMN quiet_to int CHECK (quiet_to BETWEEN 0 AND 1439),
    ADD COLUMN digest text CHECK (digest IN ('immediate', 'hourly', 'daily')),
    ADD COLUMN digest_at int CHECK (digest_at BETWEEN 0 AND 1439),
    ADD COLUMN phone text,
    ADD COLUMN switched_on text[] NOT NULL DEFAULT '{}',
    ADD COLUMN switched_off text[] NOT NULL DEFAULT '{}',
    ADD COLUMN locked text[] NOT NULL DEFAULT '{}',
    ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- The next moment after one when it is that minute of the day somewhere.
CREATE FUNCTION next_local_minute(moment timestamptz, zone text, minute int) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(x.found) FROM generate_series(0, 2) d, LATERAL (
        SELECT ((moment AT TIME ZONE zone)::date + d + minute * interval '1 minute') AT TIME ZONE zone AS found) x
    WHERE x.found > moment
$$;

-- The end of the quiet hours that a moment lies in, or the moment itself.
CREATE FUNCTION end_of_quiet(moment timestamptz, zone text, quiet_from int, quiet_to int) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN quiet_from IS NULL OR quiet_to IS NULL OR quiet_from = quiet_to THEN moment
        WHEN ((x.minute >= quiet_from) <> (x.minute >= quiet_to)) <> (quiet_from > quiet_to)
        THEN next_local_minute(moment, zone, quiet_to) ELSE moment END
    FROM (SELECT (extract(hour FROM moment AT TIME ZONE zone) * 60
                  + extract(minute FROM moment AT TIME ZONE zone))::int AS minute) x
$$;
