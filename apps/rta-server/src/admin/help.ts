/** What `rta-server admin --help` says. */
export const ADMIN_HELP = `rta-server admin: stop agents, read receipts, approve

Usage
  rta-server admin kill|suspend|resume|lift WHOM --reason TEXT
  rta-server admin limit WHOM --scope "NAME …" --reason TEXT
  rta-server admin sessions | session ID
  rta-server admin changes | change ID [--jws] [--node NAME]
  rta-server admin approvals | approve ID | refuse ID [--reason TEXT]
  rta-server admin whoami

Whom
  session ID          one session, and all that it delegated
  agent ID            an agent, for whomever it acts
  user NAME           a person, and all that acts for them: an email address, else the sub
                      (--by sub|email|opaque says which)
  tenant ID           all people of an organization
  everyone            all there are; needs --yes

Commands
  kill                ends sessions. Agents, tenants and everyone stay away until lifted (--let-back: they may
                      come back at once); people come back with a new sign-in (--keep-out: not until lifted)
  suspend, resume     nothing is permitted in between
  limit               nobody reaches more than the scope; --scope "" is nothing
  lift                takes back a limit, or what a kill left behind. Name whom as it was named there

Options
  --reason TEXT       why: told to the agents, written into the audit log and into receipts
  --dry-run           shows who would be met, and changes nothing
  --issuer URL        the identity provider of a user or tenant; needed where there are several
  --txn ID            the incident or ticket that it belongs to
  --user, --agent, --tenant, --state, --limit, --after    narrow lists
  --jws               the receipt signed, as it came
  --url URL           the server, https; else $RTA_ADMIN_URL
  --token-file FILE   holds your access token; else $RTA_ADMIN_TOKEN. There is no option for the token itself: others
                      on this machine could read it
  --json              the answer as it came

Examples
  rta-server admin kill agent travel-planner --reason "prompt injection, INC-7" --dry-run
  rta-server admin kill agent travel-planner --reason "prompt injection, INC-7"
  rta-server admin kill user alice@example.com --reason "stolen laptop"
  rta-server admin limit everyone --scope "files.read" --reason "recovering" --yes
  rta-server admin lift agent travel-planner --reason "fixed in 1.4"
  rta-server admin change admin-Zr… --jws > receipt.jws

A certificate by an authority of your own: NODE_EXTRA_CA_CERTS=ca.pem. Exit codes: 0 done, 1 failed or refused, 2 not
understood.
`;
