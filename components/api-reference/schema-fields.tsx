import { constraintTexts, type OpenApi, objectWithin, resolve, type Schema, typeText } from './openapi'

const DEEPEST = 4

/** The fields of an object, those of objects inside folded under theirs. */
export function SchemaFields({ api, schema, depth = 0 }: { api: OpenApi; schema: Schema; depth?: number }) {
  const object = objectWithin(api, schema)
  if (!object?.properties) return <p className="font-mono text-xs">{typeText(api, schema)}</p>
  const required = new Set(object.required ?? [])
  return (
    <dl className={depth > 0 ? 'border-l pl-3' : undefined}>
      {Object.entries(object.properties).map(([name, field]) => (
        <Field key={name} api={api} name={name} field={field} required={required.has(name)} depth={depth} />
      ))}
    </dl>
  )
}

function Field({
  api,
  name,
  field,
  required,
  depth,
}: {
  api: OpenApi
  name: string
  field: Schema
  required: boolean
  depth: number
}) {
  const { schema } = resolve(api, field)
  const inside = depth < DEEPEST ? objectWithin(api, field) : null
  const words = [field.description ?? schema.description, ...constraintTexts(schema)].filter(Boolean)
  return (
    <div className="border-t py-1.5 first:border-t-0">
      <FieldHead name={name} type={typeText(api, field)} required={required} />
      {words.length > 0 ? (
        <dd className="text-sm text-muted">
          <Prose text={words.join(' · ')} />
        </dd>
      ) : null}
      {inside ? (
        <dd>
          <details className="mt-1">
            <summary className="w-fit rounded-control py-0.5 text-xs text-muted hover:text-fg">
              Fields of {name}
            </summary>
            <div className="mt-1">
              <SchemaFields api={api} schema={inside} depth={depth + 1} />
            </div>
          </details>
        </dd>
      ) : null}
    </div>
  )
}

/** What stands between backticks in a description is code. */
export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text never move.
      <code key={index} className="font-mono text-xs">
        {part}
      </code>
    ) : (
      part
    ),
  )
}

export function FieldHead({ name, type, required }: { name: string; type: string; required: boolean }) {
  return (
    <dt className="flex flex-wrap items-baseline gap-x-2">
      <code className="font-mono text-xs font-medium">{name}</code>
      <span className="min-w-0 font-mono text-xs break-words text-muted">{type}</span>
      {required ? <span className="text-xs text-accent">required</span> : null}
    </dt>
  )
}
