-- What there is to audit, in one line: exchanges, records, units and yen. The only script here that
-- finds nothing wrong. An exchange is one conclusion, and so is a refusal that is no outcome of its
-- key (docs/records.md): only who has the keys can tell which were. A record is one entry of a log; units are the
-- persons, messages and bytes of all rows together.
SELECT (SELECT count(*) FROM nakadachi.step WHERE step = 3),
       (SELECT count(*) FROM nakadachi.step) + (SELECT count(*) FROM nakadachi.change),
       (SELECT coalesce(sum(persons + messages_in + messages_out + bytes_in::bigint + bytes_out), 0)
          FROM nakadachi.step)
       + (SELECT coalesce(sum(persons + messages_in + messages_out + bytes_in::bigint + bytes_out),
                          0)
            FROM nakadachi.change),
       (SELECT coalesce(sum(yen), 0) FROM nakadachi.billing_line);
