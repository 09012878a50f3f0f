import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { removeMember, removeMembers, scanObject, setMember, spliceBytes } from './json-scan.ts'

function edit(text: string, key: string, value: string): string {
  const bytes = Buffer.from(text)
  const scan = scanObject(bytes)
  if (!scan) throw new Error('no object')
  return spliceBytes(bytes, [setMember(scan, key, value)]).toString()
}

describe('replacing a member in the bytes', () => {
  it('finds the top-level key only, never the same text inside a string or an object', () => {
    const text = String.raw`{"messages":[{"role":"user","content":"\"model\":\"x\", {\\"}],"a":{"model":"inner"}, "model" : "outer" }`
    expect(edit(text, 'model', '"new"')).toBe(text.replace('"outer"', '"new"'))
  })

  it('finds a key that is written with escapes', () => {
    expect(edit(String.raw`{"mod\u0065l":"a"}`, 'model', '"b"')).toBe(String.raw`{"mod\u0065l":"b"}`)
  })

  it('adds what is missing, also to an empty object', () => {
    expect(edit('{"a":1}', 'b', 'true')).toBe('{"a":1,"b":true}')
    expect(edit(' { } ', 'b', 'true')).toBe(' { "b":true} ')
  })

  it('changes nothing else of any object, and keeps it valid', () => {
    const object = fc
      .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 })
      .filter((it) => !Object.hasOwn(it, '__proto__'))
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), fc.string(), (value, indent, name) => {
        const key = name === '__proto__' ? 'proto' : name
        const text = JSON.stringify(value, null, indent)
        expect(JSON.parse(edit(text, key, '"new"'))).toEqual({ ...JSON.parse(text), [key]: 'new' })
      }),
    )
  })

  it('takes any member out and keeps the rest', () => {
    const object = fc
      .dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 6 })
      .filter((it) => !Object.hasOwn(it, '__proto__'))
    fc.assert(
      fc.property(object, fc.nat(), fc.constantFrom(undefined, 2), (value, pick, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, null, indent))
        const scan = scanObject(bytes)
        const key = Object.keys(value)[pick % Object.keys(value).length] ?? ''
        const splice = scan && removeMember(scan, key)
        const { [key]: _gone, ...rest } = JSON.parse(bytes.toString())
        expect(JSON.parse(spliceBytes(bytes, splice ? [splice] : []).toString())).toEqual(rest)
      }),
    )
  })

  it('takes any of them out together, neighbours too', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 })
    fc.assert(
      fc.property(object, fc.array(fc.nat()), fc.constantFrom(undefined, 2), (value, picks, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, null, indent))
        const scan = scanObject(bytes)
        const all = Object.keys(value)
        const gone = picks.map((pick) => all[pick % all.length] ?? '')
        const rest = Object.entries(JSON.parse(bytes.toString())).filter(([key]) => !gone.includes(key))
        const left = JSON.parse(spliceBytes(bytes, scan ? removeMembers(scan, gone) : []).toString())
        expect(Object.entries(left)).toEqual(rest)
      }),
    )
  })

  it('tells how deep an object nests', () => {
    expect(scanObject(Buffer.from('{}'))?.depth).toBe(1)
    expect(scanObject(Buffer.from(`{"a":${'['.repeat(300)}${']'.repeat(300)}}`))?.depth).toBe(301)
  })

  it('says so when there is no object', () => {
    for (const text of ['', '[]', 'null', '"{}"', '{"a":1', '{"a'])
      expect(scanObject(Buffer.from(text))).toBeNull()
  })
})
