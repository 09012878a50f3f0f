import { expect, test } from 'vitest'
import { operations } from '../resources/registry.ts'
import { openApiDocument } from './openapi.ts'

Object.assign(process.env, {
  DATABASE_URL: 'postgres://nobody@localhost/none',
  GATEHOUSE_SECRET: 'a secret for tests that is long enough 0123456789',
})
// biome-ignore lint/suspicious/noExplicitAny: the document is what is looked at.
const document = openApiDocument(operations) as any

test('every operation is in the document once, with its permission and its problems', () => {
  const ids = new Set<string>()
  for (const operation of operations) {
    const entry = document.paths[operation.path]?.[operation.method.toLowerCase()]
    expect(entry, operation.id).toBeDefined()
    expect(entry.operationId).toBe(operation.id)
    ids.add(entry.operationId)
    expect(entry.summary.length).toBeGreaterThan(5)
    expect(entry['x-permission'].scope).toBe(operation.permission.scope)
    expect(entry.responses['503']).toEqual({ $ref: '#/components/responses/Problem' })
    const named = [...operation.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])
    const inPath = entry.parameters.filter((parameter: { in: string }) => parameter.in === 'path')
    expect(inPath.map(({ name }: { name: string }) => name)).toEqual(named)
    for (const parameter of inPath) expect(parameter.required).toBe(true)
    expect(entry.requestBody === undefined).toBe(operation.body === undefined)
    const good = Object.keys(entry.responses).filter((status) => status.startsWith('2'))
    expect(good).toHaveLength(1)
  }
  expect(ids.size).toBe(operations.length)
})

test('every reference resolves, and none points into a schema of its own', () => {
  const references: string[] = []
  const walk = (value: unknown) => {
    if (value === null || typeof value !== 'object') return
    for (const [key, item] of Object.entries(value)) {
      if (key === '$ref' && typeof item === 'string') references.push(item)
      expect(key).not.toBe('$defs')
      walk(item)
    }
  }
  walk(document)
  expect(references.length).toBeGreaterThan(50)
  for (const reference of references) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce((at, part) => at?.[part], document)
    expect(reference.startsWith('#/components/'), reference).toBe(true)
    expect(found, reference).toBeDefined()
  }
})

test('what several operations answer with is one component', () => {
  const team = { $ref: '#/components/schemas/Team' }
  const { get, patch } = document.paths['/teams/{id}']
  expect(get.responses['200'].content['application/json'].schema).toEqual(team)
  expect(patch.responses['200'].content['application/json'].schema).toEqual(team)
  const list = document.paths['/teams'].get.responses['200'].content['application/json'].schema
  expect(list.properties.data.items).toEqual(team)
})

test('an answer that shows a secret is another component than the one that does not', () => {
  const { post } = document.paths['/keys']
  const name = post.responses['201'].content['application/json'].schema.$ref.split('/').at(-1)
  expect(document.components.schemas[name].properties.secret).toBeDefined()
  expect(document.components.schemas.Key.properties.secret).toBeUndefined()
})
