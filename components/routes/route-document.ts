/** A route as a document: what the form, the JSON tab and the API hold alike. Members unknown here are kept. */
import type { RouteRule } from '@/lib/contract/routing'
import { type Route, routeInput } from '@/lib/resources/routes/schema'

export type RouteDocument = Record<string, unknown>

export interface Target {
  providerId: string
  model: string
  weight: number
  priority: number
  group: string | null
}

export interface DocumentError {
  /** `targets.0.model` */
  path: string
  message: string
}

const SERVER_FIELDS = new Set(['id', 'createdAt', 'updatedAt', 'version', 'warnings'])
/** What a PATCH can't change. */
const FIXED_FIELDS = new Set(['kind'])

export function documentOf(route: Route): RouteDocument {
  const own = Object.entries(route).filter(([name]) => !SERVER_FIELDS.has(name))
  return {
    ...Object.fromEntries(own),
    targets: route.targets.map(({ providerName: _name, ...target }) => target),
  }
}

/** A new route with every default written out, so that nothing is hidden. */
export function newDocument(providerId: string): RouteDocument {
  const target: Target = { providerId, model: '', weight: 1, priority: 0, group: null }
  const defaults = routeInput.parse({ name: 'new', targets: [{ providerId: 'any', model: 'any' }] })
  return { ...defaults, name: '', targets: [target] }
}

export function targetsOf(document: RouteDocument): Target[] {
  const targets = Array.isArray(document.targets) ? document.targets : []
  return targets.map((target: Partial<Target> | null) => ({
    ...target,
    providerId: String(target?.providerId ?? ''),
    model: String(target?.model ?? ''),
    weight: Number(target?.weight ?? 1),
    priority: Number(target?.priority ?? 0),
    group: typeof target?.group === 'string' ? target.group : null,
  }))
}

/** The names of groups that targets are in. */
export function groupsOf(document: RouteDocument): string[] {
  return [...new Set(targetsOf(document).flatMap(({ group }) => group ?? []))].sort()
}

/** A rule as it is edited: its conditions may be half said. */
export type RuleDraft = Omit<RouteRule, 'only'> & { only?: boolean }

export function rulesOf(document: RouteDocument): RuleDraft[] {
  const rules = Array.isArray(document.rules) ? document.rules : []
  return rules.map((rule: Partial<RuleDraft> | null) => ({
    ...rule,
    name: String(rule?.name ?? ''),
    when: typeof rule?.when === 'object' && rule.when !== null ? rule.when : {},
    use: String(rule?.use ?? ''),
  }))
}

/** What is wrong at a path, or anywhere inside. */
export function errorWithin(errors: readonly DocumentError[], path: string): string | undefined {
  return errors.find((error) => error.path === path || error.path.startsWith(`${path}.`))?.message
}

/** What the schema of the API refuses. Unknown members are the API's to judge: a newer one may know them. */
export function checkDocument(document: RouteDocument): DocumentError[] {
  const result = routeInput.safeParse(document)
  if (result.success) return []
  const errors = result.error.issues
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map((issue) => ({ path: issue.path.join('.'), message: wordsFor(issue.path, issue.message) }))
  // One reason for each place: an empty name is also a name of the wrong form.
  return errors.filter((error, index) => errors.findIndex((other) => other.path === error.path) === index)
}

/** The members that differ: what a PATCH sends. */
export function changedMembers(before: RouteDocument, after: RouteDocument): RouteDocument {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => !FIXED_FIELDS.has(name) && JSON.stringify(value) !== JSON.stringify(before[name]),
    ),
  )
}

/** Sets one member at a path, such as `timeouts.totalMs`, and shares the rest. */
export function withMember(document: RouteDocument, path: string, value: unknown): RouteDocument {
  const [head = '', ...rest] = path.split('.')
  if (rest.length === 0) return { ...document, [head]: value }
  const inner = document[head]
  const record = typeof inner === 'object' && inner !== null ? (inner as RouteDocument) : {}
  return { ...document, [head]: withMember(record, rest.join('.'), value) }
}

export function memberAt(document: RouteDocument, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as RouteDocument)[name] : undefined,
      document,
    )
}

const WORDS_AT: Readonly<Record<string, string>> = {
  providerId: 'choose a provider',
  model: 'name a model',
  use: 'choose a group',
  group: 'choose a group',
  budgetId: 'choose a budget',
}

function wordsFor(path: readonly PropertyKey[], message: string): string {
  const last = String(path.at(-1))
  const isEmpty = message.startsWith('Too small')
  if (last in WORDS_AT && (isEmpty || path[0] === 'targets')) return WORDS_AT[last] ?? message
  if (isEmpty && last === 'name') return 'a name is needed'
  if (isEmpty && (last === 'teamIds' || last === 'consumerIds')) return 'choose at least one'
  if (isEmpty && last === 'days') return 'choose at least one day'
  if (path.at(-2) === 'tags' && message.startsWith('Invalid key')) return 'a tag needs a name'
  return message.endsWith('received NaN') ? 'a number is needed' : message
}
