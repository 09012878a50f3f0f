/** What the reference page reads of an OpenAPI 3.1 document, and how it puts it into words. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly additionalProperties?: Schema | boolean
  readonly prefixItems?: readonly Schema[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: Schema
}

export interface ApiAnswer {
  readonly $ref?: string
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

export interface ApiPermission {
  readonly scope: string | null
  readonly roles: readonly string[]
  readonly teamRoles: readonly string[]
  readonly anyone: boolean
}

export interface ApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly security?: readonly unknown[]
  readonly 'x-permission'?: ApiPermission
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>
  }
  readonly responses: Readonly<Record<string, ApiAnswer>>
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Endpoint {
  readonly method: string
  readonly path: string
  readonly operation: ApiOperation
}

export interface TagGroup {
  readonly tag: string
  readonly slug: string
  readonly endpoints: readonly Endpoint[]
}

const METHOD_ORDER = ['get', 'post', 'put', 'patch', 'delete']

/** All endpoints by their tag, in the document's own order of tags. */
export function groupByTag(api: OpenApi): TagGroup[] {
  const groups = new Map<string, Endpoint[]>()
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0] ?? 'Other'
      groups.set(tag, [...(groups.get(tag) ?? []), { method, path, operation }])
    }
  }
  return [...groups].map(([tag, endpoints]) => ({
    tag,
    slug: slugOf(tag),
    endpoints: endpoints.toSorted(
      (a, b) =>
        a.path.split('/').length - b.path.split('/').length ||
        a.path.localeCompare(b.path) ||
        METHOD_ORDER.indexOf(a.method) - METHOD_ORDER.indexOf(b.method),
    ),
  }))
}

export function slugOf(tag: string): string {
  return tag
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

/** Follows references within the document; an unknown one is anything. */
export function resolve(api: OpenApi, schema: Schema): { schema: Schema; name: string | null } {
  let current = schema
  let name: string | null = null
  // A chain of references in a document of ours is short; a loop must not hang the page.
  for (let step = 0; step < 8 && current.$ref; step += 1) {
    name = current.$ref.split('/').at(-1) ?? null
    current = (name ? api.components.schemas[name] : undefined) ?? {}
  }
  return { schema: current, name }
}

/** `string`, `integer or null`, `array of Route`, `"hard" | "soft"`. */
export function typeText(api: OpenApi, raw: Schema): string {
  const { schema, name } = resolve(api, raw)
  if (name) return name
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const options = schema.anyOf ?? schema.oneOf
  if (options) return [...new Set(options.map((option) => typeText(api, option)))].join(' or ')
  if (schema.allOf) return schema.allOf.map((part) => typeText(api, part)).join(' and ')
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  if (types.length === 0) return 'any'
  return types
    .map((type) => {
      if (type === 'array') return schema.items ? `array of ${typeText(api, schema.items)}` : 'array'
      if (type === 'object' && typeof schema.additionalProperties === 'object') {
        return `map to ${typeText(api, schema.additionalProperties)}`
      }
      return type === 'string' && schema.format ? `string (${schema.format})` : type
    })
    .join(' or ')
}

/** What a value must hold to, in short: `1–500`, `up to 120 characters`, `default 50`. */
export function constraintTexts(schema: Schema): string[] {
  const range = (min: number | undefined, max: number | undefined, unit: string): string | null => {
    const upper = max !== undefined && max < Number.MAX_SAFE_INTEGER ? max : undefined
    const lower = min !== undefined && min > -Number.MAX_SAFE_INTEGER ? min : undefined
    if (lower === undefined && upper === undefined) return null
    if (lower === undefined) return `up to ${upper}${unit}`
    return upper === undefined ? `from ${lower}${unit}` : `${lower}–${upper}${unit}`
  }
  return [
    range(schema.minimum, schema.maximum, ''),
    range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'),
    schema.default === undefined ? null : `default ${JSON.stringify(schema.default)}`,
  ].filter((text) => text !== null)
}

/** The object inside: of the schema itself, of its items, or of its one option that is not null. */
export function objectWithin(api: OpenApi, raw: Schema, depth = 0): Schema | null {
  if (depth > 6) return null
  const { schema } = resolve(api, raw)
  if (schema.properties) return schema
  if (schema.items) return objectWithin(api, schema.items, depth + 1)
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  for (const option of options) {
    const inside = objectWithin(api, option, depth + 1)
    if (inside) return inside
  }
  if (typeof schema.additionalProperties === 'object')
    return objectWithin(api, schema.additionalProperties, depth + 1)
  return null
}

/** A body with what is required, and nothing that a reader would have to take out again. */
export function exampleOf(api: OpenApi, raw: Schema, name = 'value', depth = 0): unknown {
  const { schema } = resolve(api, raw)
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const option = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.[0]
  if (option) return exampleOf(api, option, name, depth)
  if (schema.properties && depth < 5) {
    const wanted = schema.required ?? Object.keys(schema.properties).slice(0, 2)
    return Object.fromEntries(
      Object.entries(schema.properties)
        .filter(
          ([field, value]) => wanted.includes(field) && resolve(api, value).schema.default === undefined,
        )
        .map(([field, value]) => [field, exampleOf(api, value, field, depth + 1)]),
    )
  }
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0]
  switch (type) {
    case 'array':
      return schema.items ? [exampleOf(api, schema.items, name, depth + 1)] : []
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1)
    case 'boolean':
      return true
    case 'null':
      return null
    case 'object':
      return {}
    default:
      return exampleText(name, schema)
  }
}

function exampleText(name: string, schema: Schema): string {
  if (schema.format === 'date-time') return '2026-12-31T00:00:00Z'
  if (schema.format === 'email') return 'ada@example.com'
  if (schema.format === 'uri') return 'https://api.example.com/v1'
  if (/Usd/.test(name)) return '2.50'
  const id = /^(\w+)Id$/.exec(name)
  if (id) return `${id[1]}_…`
  return { name: 'my-name', model: 'gpt-4o', password: 'a long passphrase' }[name] ?? '…'
}

/** A call to copy: the token from the environment, ids to fill in. */
export function curlOf(api: OpenApi, { method, path, operation }: Endpoint): string {
  const url = `${api.servers[0]?.url ?? ''}${path}`
  const lines = [method === 'get' ? `curl "${url}"` : `curl -X ${method.toUpperCase()} "${url}"`]
  if (operation.security?.length !== 0) lines.push('-H "Authorization: Bearer $GATEHOUSE_TOKEN"')
  const body = operation.requestBody?.content['application/json']?.schema
  if (body) {
    lines.push('-H "Content-Type: application/json"')
    lines.push(`-d '${JSON.stringify(exampleOf(api, body), null, 2).replaceAll("'", `'\\''`)}'`)
  }
  return lines.join(' \\\n  ')
}

/** Who may, in a sentence. */
export function permissionText(operation: ApiOperation): string {
  const permission = operation['x-permission']
  if (operation.security?.length === 0) return 'Open: no sign-in needed.'
  if (!permission) return 'Signed in.'
  const scope = permission.scope ? ` A token needs the scope ${permission.scope}.` : ''
  if (permission.anyone) return `Everybody who is signed in.${scope}`
  const parts = [
    permission.roles.length > 0 ? `${listed(permission.roles)} of the deployment` : null,
    permission.teamRoles.length > 0 ? `${listed(permission.teamRoles)} of the team` : null,
  ].filter((part) => part !== null)
  return `${parts.join('; ')}.${scope}`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
