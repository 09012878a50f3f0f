/** OpenAPI 3.1 from the operations: the schemas that validate are the ones that document. */
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { env } from '../server/env.ts'
import type { Operation } from './operation.ts'
import { PROBLEMS } from './problem.ts'
import { API_BASE } from './render.ts'

type Json = Record<string, unknown>

/** `schemas` are shared by name: whoever answers with one of them refers to it. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const components = new Components(operations)
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    const path = paths[operation.path] ?? {}
    path[operation.method.toLowerCase()] = operationObject(operation, components)
    paths[operation.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse management API',
      version: packageJson.version,
      description:
        'Changes answer once the gateways have them: see `x-gatehouse-applied`. Errors are RFC 9457 problems.',
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: `${env.adminUrl}${API_BASE}` }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ accessToken: [] }, { session: [] }],
    paths,
    components: {
      schemas: { ...components.schemas, Problem: problemSchema },
      responses: { Problem: problemAnswer },
      headers,
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', description: 'An access token: `gha_…`' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'gatehouse.session',
          description: 'The console’s own session. Changes must come from its own pages.',
        },
      },
    },
  }
}

function operationObject(operation: Operation, components: Components): Json {
  const { permission } = operation
  const answer = operation.response
    ? { 'application/json': { schema: components.answer(operation) } }
    : operation.contentType
      ? { [operation.contentType]: { schema: { type: 'string' } } }
      : undefined
  const writes = operation.mode === 'write'
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    tags: [operation.tag],
    ...(permission.public ? { security: [] } : {}),
    'x-permission': {
      scope: permission.scope,
      roles: permission.roles,
      teamRoles: permission.teamRoles ?? [],
      anyone: permission.anyone ?? false,
    },
    parameters: [
      ...parameters(operation.params, 'path'),
      ...parameters(operation.query, 'query'),
      ...(writes && operation.method === 'POST' ? [idempotencyKey] : []),
      ...(writes && operation.path.includes('{id}') ? [ifMatch] : []),
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: !operation.body.safeParse({}).success,
            content: { 'application/json': { schema: toSchema(operation.body, 'input') } },
          },
        }
      : {}),
    responses: {
      [operation.contentType ? 200 : operation.status]: {
        description: operation.summary,
        headers: {
          'x-gatehouse-request-id': { $ref: '#/components/headers/RequestId' },
          ...(writes
            ? {
                'x-gatehouse-revision': { $ref: '#/components/headers/Revision' },
                'x-gatehouse-applied': { $ref: '#/components/headers/Applied' },
              }
            : {}),
          ...(operation.path.includes('{id}') && operation.response
            ? { etag: { $ref: '#/components/headers/ETag' } }
            : {}),
          ...(operation.status === 201
            ? { location: { schema: { type: 'string' }, description: 'The new object' } }
            : {}),
        },
        ...(answer ? { content: answer } : {}),
      },
      ...Object.fromEntries(
        problemStatuses(operation).map((status) => [status, { $ref: '#/components/responses/Problem' }]),
      ),
    },
  }
}

function problemStatuses(operation: Operation): number[] {
  const single = operation.path.includes('{')
  return [
    400,
    ...(operation.permission.public ? [] : [401, 403]),
    ...(single ? [404] : []),
    ...(operation.mode === 'write' ? [409] : []),
    ...(single && operation.mode === 'write' ? [412] : []),
    ...(operation.body ? [413, 415] : []),
    ...(operation.mode === 'write' && operation.method === 'POST' ? [422] : []),
    503,
  ]
}

function parameters(schema: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = toSchema(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description ? { description } : {}),
      schema: rest,
    }
  })
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as Json
  return json
}

/** Answers that several operations share, each under one name: `Team` from `teams.get`. */
class Components {
  readonly schemas: Record<string, Json> = {}
  readonly #names = new Map<z.ZodType, string>()

  constructor(operations: readonly Operation[]) {
    for (const { id, response } of operations) {
      if (!response || this.#names.has(response) || itemOf(response)) continue
      const [noun = '', verb = ''] = id.split('.')
      const name = verb === 'get' ? singular(noun) : capital(noun) + capital(verb)
      this.#names.set(response, name)
    }
    // A read names the schema that a change, registered before it, answers with too.
    for (const { id, response } of operations) {
      if (response && id.endsWith('.get')) this.#names.set(response, singular(id.slice(0, -4)))
    }
    for (const [schema, name] of this.#names) this.schemas[name] = toSchema(schema, 'output')
  }

  answer(operation: Operation): Json {
    const { response } = operation
    if (!response) return {}
    const item = itemOf(response)
    const named = this.#names.get(item ?? response)
    if (!item) return named ? reference(named) : toSchema(response, 'output')
    return {
      type: 'object',
      required: ['data', 'nextCursor'],
      properties: {
        data: { type: 'array', items: named ? reference(named) : toSchema(item, 'output') },
        nextCursor: { type: ['string', 'null'], description: 'Null on the last page' },
      },
    }
  }
}

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const singular = (noun: string) => capital(noun).replace(/ies$/, 'y').replace(/s$/, '')

/** The item of a page (`{data: [item], nextCursor}`). */
function itemOf(schema: z.ZodType): z.ZodType | null {
  if (!(schema instanceof z.ZodObject) || !('nextCursor' in schema.shape)) return null
  const { data } = schema.shape as { data?: unknown }
  return data instanceof z.ZodArray ? (data.element as z.ZodType) : null
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A repeat within 24 hours gets the first answer again, without secrets, and `Idempotent-Replayed: true`',
  schema: { type: 'string', maxLength: 255 },
}
const ifMatch = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The ETag that you read: 412 with the present object in `current` when it has changed since',
  schema: { type: 'string' },
}
const headers = {
  RequestId: { description: 'Names this call in the log', schema: { type: 'string' } },
  Revision: { description: 'The configuration revision that this change made', schema: { type: 'integer' } },
  Applied: { description: 'Gateways that run it, of all that count: `2/2`', schema: { type: 'string' } },
  ETag: { description: '`"<version>"`', schema: { type: 'string' } },
}
const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    current: { description: 'With 412: the object as it is now' },
    usedBy: { description: 'With 409 `in_use`: what uses it', type: 'array' },
  },
}
const problemAnswer = {
  description: 'A problem (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}
