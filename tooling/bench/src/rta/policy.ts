/** Policies of an ordinary size: who may do what, and what nobody may do at risk. */
export const POLICIES: Readonly<Record<string, string>> = {
  'files.cedar': `
@id("researchers-read")
permit (principal is User, action == Action::"files.read", resource is File)
when { context.agent.type == "researcher" && context.scope.contains("files.read") };

@id("writers-write")
permit (principal is User, action in [Action::"files.write", Action::"files.delete"], resource is File)
when { context.agent.type == "writer" && context.session.depth == 1 };

@id("nothing-changes-at-risk")
forbid (principal, action in [Action::"files.write", Action::"files.delete"], resource)
when { context has riskLevel && context.riskLevel == "HIGH" };

@id("secrets-stay-secret")
forbid (principal, action, resource is File)
when { resource == File::"secrets.txt" };
`,
};
