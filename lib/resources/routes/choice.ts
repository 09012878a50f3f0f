/** What a route says of choosing among its targets must lead somewhere. */
import type { Context } from '../../api/operation.ts'
import { type FieldError, problem } from '../../api/problem.ts'
import type { RoutePolicy } from '../../contract/entities.ts'

/**
 * Groups that are used have targets, ranges hold something, and what conditions name exists now. A team, consumer or
 * budget that is deleted later leaves a condition that never holds.
 * @throws Problem 400
 */
export async function checkChoice(
  context: Context,
  strategy: string,
  targets: readonly { readonly group: string | null }[],
  policy: RoutePolicy,
): Promise<void> {
  const groups = new Set(targets.map(({ group }) => group))
  const errors: FieldError[] = []
  const add = (path: string, message: string) => errors.push({ path, message })
  if (strategy === 'rules' && policy.rules.length === 0) add('rules', 'the strategy rules needs one')
  if (policy.canary && !groups.has(policy.canary.group)) add('canary.group', 'no target is in this group')
  if (policy.canary && groups.size === 1) add('canary.group', 'some targets must be outside the group')
  const { by, name } = policy.affinity
  if ((by === 'header' || by === 'field') && name === null)
    add('affinity.name', `which ${by} calls stick by is missing`)

  for (const [at, { use, when }] of policy.rules.entries()) {
    if (!groups.has(use)) add(`rules[${at}].use`, 'no target is in this group')
    for (const range of ['inputTokens', 'complexity'] as const) {
      const { min = 0, max = Number.POSITIVE_INFINITY } = when[range] ?? {}
      if (min > max) add(`rules[${at}].when.${range}`, 'its min is above its max')
    }
    const { timeOfDay } = when
    if (timeOfDay && !isTimeZone(timeOfDay.timeZone))
      add(`rules[${at}].when.timeOfDay.timeZone`, 'is no IANA time zone, such as Europe/Berlin')
  }
  errors.push(...(await missing(context, policy)))
  if (errors.length > 0) throw problem('invalid_request', undefined, errors)
}

/** Each team, consumer and budget that a condition names and that isn't there. */
async function missing({ db }: Context, { rules }: RoutePolicy): Promise<FieldError[]> {
  const named = rules.flatMap(({ when: { teamIds = [], consumerIds = [], budgetLeft } }, at) => [
    ...teamIds.map((id, place) => ({ type: 'team', id, path: `rules[${at}].when.teamIds[${place}]` })),
    ...consumerIds.map((id, place) => ({
      type: 'consumer',
      id,
      path: `rules[${at}].when.consumerIds[${place}]`,
    })),
    ...(budgetLeft
      ? [{ type: 'budget', id: budgetLeft.budgetId, path: `rules[${at}].when.budgetLeft.budgetId` }]
      : []),
  ])
  if (named.length === 0) return []
  const query = (type: string) => ({
    where: { id: { in: named.filter((one) => one.type === type).map(({ id }) => id) } },
    select: { id: true },
  })
  const [teams, consumers, budgets] = await Promise.all([
    db.team.findMany(query('team')),
    db.consumer.findMany(query('consumer')),
    db.budget.findMany(query('budget')),
  ])
  const known = new Set([...teams, ...consumers, ...budgets].map(({ id }) => id))
  return named
    .filter(({ id }) => !known.has(id))
    .map(({ type, path }) => ({ path, message: `there is no such ${type}` }))
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
