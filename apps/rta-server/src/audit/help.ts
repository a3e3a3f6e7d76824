/** What `rta-server audit --help` says. */
export const AUDIT_HELP = `rta-server audit: read and check the audit log. It changes nothing, and may run beside the server.

Usage
  rta-server audit verify [--config FILE | --file LOG] [options]
  rta-server audit query  [--config FILE | --file LOG] [filters] [--newest] [--limit N] [--json]
  rta-server audit export [--config FILE | --file LOG] [filters] [--format jsonl|ocsf]

The log
  --config FILE     the server's configuration, which names log and key; $RTA_CONFIG, else rta.yaml
  --file LOG        the newest file of a log, e.g. audit.jsonl; full ones beside it are read too

verify
  --key FILE        public keys of the log, e.g. a copy of audit.pub; by default the one beside the configured key
  --expect-sequence N, --expect-hash HASH
                    the log must still hold row N, with this hash: a place that was noted elsewhere before
  --json            one JSON object

Filters, all of which must hold; those marked * may be given several times
  --person SUB      a person, with everything that agents did for them; --issuer URL: of this provider only
  --agent ID        an agent, anywhere in the chain; --actor ID: the one that acted
  --session ID      a session, with all that were delegated from it
  --kind KIND *, --outcome OUTCOME *, --cause CAUSE, --change ID, --txn ID, --connection ID
  --action NAME, --resource-type TYPE, --resource-id ID
  --from TIME, --to TIME   ISO 8601 or UNIX milliseconds; --to is excluded

query
  --newest          newest first
  --limit N         at most N records, 100 by default
  --json            records as JSON Lines

export
  --format jsonl    rows as they stand in the log, with sequence and hash (default)
  --format ocsf     OCSF events, JSON Lines

Examples
  rta-server audit verify --file /var/lib/rta/audit.jsonl --key ~/audit.pub --expect-sequence 81234 --expect-hash 9fJ…
  rta-server audit query --person alice --outcome deny --newest --limit 20
  rta-server audit export --from 2026-01-01 --format ocsf > january.jsonl

Exit codes: 0 done, nothing found; 1 verify found tampering, or a command failed; 2 not understood.
`;
