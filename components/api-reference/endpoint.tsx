import { Link2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge, type Tone } from '@/components/ui/badge'
import { CodeBlock } from '@/components/ui/code-block'
import {
  type ApiAnswer,
  type Endpoint as ApiEndpoint,
  constraintTexts,
  curlOf,
  type OpenApi,
  type Parameter,
  permissionText,
  typeText,
} from './openapi'
import { FieldHead, Prose, SchemaFields } from './schema-fields'

const METHODS: Record<string, Tone> = {
  get: 'neutral',
  post: 'ok',
  put: 'warn',
  patch: 'warn',
  delete: 'danger',
}

export function Method({ method }: { method: string }) {
  return (
    <Badge tone={METHODS[method] ?? 'neutral'} className="min-w-14 justify-center font-mono uppercase">
      {method}
    </Badge>
  )
}

/** One endpoint: what it does, who may, what it takes, what it answers, and a call to copy. */
export function Endpoint({ api, endpoint }: { api: OpenApi; endpoint: ApiEndpoint }) {
  const { method, path, operation } = endpoint
  const parameters = operation.parameters ?? []
  const body = operation.requestBody?.content['application/json']?.schema
  return (
    <article
      id={operation.operationId}
      aria-labelledby={`${operation.operationId}-title`}
      className="scroll-mt-16 border-t py-8 first:border-t-0 first:pt-0"
    >
      <h2
        id={`${operation.operationId}-title`}
        className="group flex items-center gap-2 text-lg font-semibold"
      >
        {operation.summary}
        <a
          href={`#${operation.operationId}`}
          aria-label={`Link to ${operation.operationId}`}
          className="grid size-6 place-items-center rounded-control text-muted hover:text-fg"
        >
          <Link2 className="size-4" aria-hidden />
        </a>
      </h2>
      <p className="mt-1 flex flex-wrap items-center gap-2">
        <Method method={method} />
        <code className="font-mono text-sm break-all">{path}</code>
        <code className="font-mono text-xs text-muted">{operation.operationId}</code>
      </p>
      {operation.description ? (
        <p className="mt-2 max-w-3xl">
          <Prose text={operation.description} />
        </p>
      ) : null}
      <p className="mt-2 max-w-3xl text-sm text-muted">
        <span className="font-medium text-fg">Who may:</span> {permissionText(operation)}
      </p>
      <div className="mt-4 grid gap-6 xl:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
        <div className="flex min-w-0 flex-col gap-5">
          <Parameters
            api={api}
            title="In the path"
            parameters={parameters.filter((one) => one.in === 'path')}
          />
          <Parameters api={api} title="Query" parameters={parameters.filter((one) => one.in === 'query')} />
          <Parameters
            api={api}
            title="Headers"
            parameters={parameters.filter((one) => one.in === 'header')}
          />
          {body ? (
            <Part title={operation.requestBody?.required === false ? 'Body, optional' : 'Body'}>
              <SchemaFields api={api} schema={body} />
            </Part>
          ) : null}
          <Answers api={api} responses={operation.responses} />
        </div>
        <CodeBlock title="curl" code={curlOf(api, endpoint)} className="self-start xl:sticky xl:top-16" />
      </div>
    </article>
  )
}

function Parameters({
  api,
  title,
  parameters,
}: {
  api: OpenApi
  title: string
  parameters: readonly Parameter[]
}) {
  if (parameters.length === 0) return null
  return (
    <Part title={title}>
      <dl>
        {parameters.map((parameter) => {
          const words = [parameter.description, ...constraintTexts(parameter.schema)].filter(Boolean)
          return (
            <div key={parameter.name} className="border-t py-1.5 first:border-t-0">
              <FieldHead
                name={parameter.name}
                type={typeText(api, parameter.schema)}
                required={parameter.required}
              />
              {words.length > 0 ? (
                <dd className="text-sm text-muted">
                  <Prose text={words.join(' · ')} />
                </dd>
              ) : null}
            </div>
          )
        })}
      </dl>
    </Part>
  )
}

function Answers({ api, responses }: { api: OpenApi; responses: Readonly<Record<string, ApiAnswer>> }) {
  const good = Object.entries(responses).filter(([status]) => Number(status) < 400)
  const bad = Object.keys(responses).filter((status) => Number(status) >= 400)
  return (
    <>
      {good.map(([status, answer]) => {
        const [type, content] = Object.entries(answer.content ?? {})[0] ?? []
        return (
          <Part key={status} title={`Answer ${status}`}>
            {content?.schema && type === 'application/json' ? (
              <>
                <p className="mb-1 font-mono text-xs text-muted">{typeText(api, content.schema)}</p>
                <SchemaFields api={api} schema={content.schema} />
              </>
            ) : (
              <p className="text-sm text-muted">{type ?? 'No body.'}</p>
            )}
          </Part>
        )
      })}
      {bad.length > 0 ? (
        <p className="text-sm text-muted">
          Problems:{' '}
          {bad.map((status, index) => (
            <span key={status}>
              {index > 0 ? ', ' : ''}
              <a href={`/docs/errors#status-${status}`} className="underline hover:text-fg">
                {status}
              </a>
            </span>
          ))}
        </p>
      ) : null}
    </>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="min-w-0">
      <h3 className="mb-1 text-sm font-semibold">{title}</h3>
      {children}
    </section>
  )
}
