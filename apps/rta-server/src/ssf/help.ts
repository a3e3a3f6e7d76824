/** What `rta-server ssf --help` says. */
export const SSF_HELP = `rta-server ssf: streams of security events, from transmitters to the server and from it to others

Usage
  rta-server ssf streams          how each stream is, as the node that answers sees it
  rta-server ssf refused STREAM   events that the receiver of a stream refused within the last week, and why
  rta-server ssf verify ISSUER    asks a transmitter for a verification event, and waits for it, at most a minute

Options
  --url URL           the server, https; else $RTA_ADMIN_URL
  --token-file FILE   holds your access token for the admin API; else $RTA_ADMIN_TOKEN. It needs the actions
                      admin:list-streams and admin:verify-stream
  --json              the answer as it came

Examples
  rta-server ssf streams
  rta-server ssf streams --json | jq '.streams[] | select(.lastError)'
  rta-server ssf verify https://idp.example.com

A certificate by an authority of your own: NODE_EXTRA_CA_CERTS=ca.pem. Exit codes: 0 done, 1 failed or refused, 2 not
understood.
`;
