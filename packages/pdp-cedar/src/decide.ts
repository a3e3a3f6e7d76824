import { type AccessRequest, type Decision, failedDecision } from '@rta/pdp';
import { toCedarCall } from './cedar-call.ts';
import type { CedarAnswer, CedarCall, PolicyFault, PreparedPolicies } from './engine.ts';
import { PDP_CEDAR_ERRORS, type PdpCedarErrorCode } from './errors.ts';
import { RequestFault } from './plain-json.ts';
import type { PolicySet } from './policy-set.ts';
import { formatPosition, positionIn } from './source-position.ts';

/** Longest excerpt of a policy in a message. */
const EXCERPT_CHARACTERS = 80;

/**
 * Makes the function that answers by one set of policies. It never throws: what fails is denied.
 *
 * @param prepared - the same set, in the engine.
 */
export function decideBy(
  set: PolicySet,
  prepared: PreparedPolicies,
  actionType: string,
): (request: AccessRequest) => Decision {
  const { revision, policies, schema } = set;
  const fail = (
    code: PdpCedarErrorCode,
    message: string = PDP_CEDAR_ERRORS[code].summary,
    reasons: Decision['reasons'] = [],
  ): Decision => failedDecision('error', revision, { code, message }, reasons);

  const faultTexts = new Map<string, string>();
  /** Where a policy erred and on what: its own text, no value. Kept, as one fault may come with every request. */
  const describeFault = ({ policyId, offsetBytes, endBytes }: PolicyFault): string => {
    const key = `${policyId}@${offsetBytes}-${endBytes}`;
    const known = faultTexts.get(key);
    if (known !== undefined) return known;
    const policy = policies.get(policyId);
    if (policy === undefined) return 'could not be evaluated';
    const place = formatPosition(positionIn(policy.file, policy, offsetBytes));
    const read = Buffer.from(policy.text).subarray(offsetBytes, endBytes).toString();
    const text = `\`${read.slice(0, EXCERPT_CHARACTERS)}\` could not be evaluated at ${place}`;
    faultTexts.set(key, text);
    return text;
  };

  return (request) => {
    let call: CedarCall;
    try {
      call = toCedarCall(request, actionType, schema?.shapes);
    } catch (error) {
      return fail('RTA_PDP_CEDAR_REQUEST', error instanceof RequestFault ? error.message : undefined);
    }
    let answer: CedarAnswer;
    try {
      answer = prepared.authorize(call);
    } catch {
      return fail('RTA_PDP_CEDAR_ENGINE');
    }
    if (answer === undefined) return fail('RTA_PDP_CEDAR_REQUEST', 'Cedar does not accept the request');

    const { allowed, determining, erring } = answer;
    if (erring.length > 0) {
      // A forbid that erred was left out by Cedar: whatever it answered may be a permit too many.
      const reasons = erring.map((fault) => ({ policyId: fault.policyId, text: describeFault(fault) }));
      const [first] = reasons;
      const message = first && `${first.policyId}: ${first.text}`;
      return fail('RTA_PDP_CEDAR_EVALUATION', message, reasons);
    }
    return {
      effect: allowed ? 'permit' : 'deny',
      cause: determining.length > 0 ? 'policy' : 'default',
      reasons: determining.map((policyId) => ({ policyId })),
      obligations: determining.flatMap((id) =>
        (policies.get(id)?.obligations ?? []).map((obligation) => ({ id, ...obligation })),
      ),
      revision,
    };
  };
}
