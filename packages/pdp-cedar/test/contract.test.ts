import { fileRequest, type PdpFixture, pdpContract } from '@rta/testkit';
import { cedarText, createCedarPdp } from '../src/index.ts';

const POLICIES = `
@id("read") permit(principal, action == Action::"read", resource);
@id("locked") forbid(principal, action, resource) when { resource has locked && resource.locked };
@id("suspended") forbid(principal, action, resource) when { context has suspended && context.suspended };
@id("errs") forbid(principal, action, resource == File::"err") when { resource.missing };
`;
const PERMIT_WRITE = '@id("write") permit(principal, action == Action::"write", resource);';
const SCHEMA = `
entity User;
entity File { locked?: Bool, label?: String, missing?: Bool };
action read, write appliesTo {
  principal: User, resource: File, context: { suspended?: Bool, note?: String }
};
`;

/** A policy that errs passes no validation, so the schema's fixture fails on a property of another type. */
async function open(schema: string | undefined): Promise<PdpFixture> {
  const files =
    schema === undefined
      ? { 'files.cedar': POLICIES }
      : { 'files.cedar': POLICIES.replace(/@id\("errs"\).*/, ''), 'files.cedarschema': schema };
  const source = cedarText(files);
  const pdp = await createCedarPdp({ source });
  return {
    pdp,
    failing:
      schema === undefined
        ? fileRequest({ fileId: 'err' })
        : { ...fileRequest(), resource: { type: 'File', id: 'a', properties: { locked: 'yes' } } },
    async permitWrite() {
      source.replace({ ...files, 'write.cedar': PERMIT_WRITE });
      await pdp.reload();
    },
    async offerBrokenPolicy() {
      source.replace({ ...files, 'write.cedar': PERMIT_WRITE.replace(';', '') });
      await pdp.reload().catch(() => undefined);
    },
  };
}

pdpContract({ name: 'Cedar without a schema', open: () => open(undefined) });
pdpContract({ name: 'Cedar with a schema', open: () => open(SCHEMA) });
