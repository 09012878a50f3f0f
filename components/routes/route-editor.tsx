'use client'

import { type ReactNode, useEffect, useState } from 'react'
import { ApiProblem, apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { ConflictCallout, currentOf, etagOf } from '@/components/resource/conflict'
import { Difference } from '@/components/resource/difference'
import { differences } from '@/components/resource/difference-list'
import { fieldPath, ProblemCallout } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import { formatPlural } from '@/lib/format/tokens'
import type { Route } from '@/lib/resources/routes/schema'
import { JsonEditor } from './json-editor'
import {
  changedMembers,
  checkDocument,
  type DocumentError,
  documentOf,
  newDocument,
  type RouteDocument,
} from './route-document'
import { RouteFields } from './route-fields'

interface Base {
  document: RouteDocument
  etag: string | null
}

/** Makes a route, or changes `live`: as a form or as JSON, with the difference to what is live before it is saved. */
export function RouteEditor({
  live,
  providerId = '',
  readOnly = false,
  aside,
  onSaved,
  onCancel,
}: {
  live: { route: Route; etag: string | null } | null
  providerId?: string
  readOnly?: boolean
  /** What stands beside it where there is room, else below. */
  aside?: (hasChanges: boolean) => ReactNode
  onSaved: (route: Route) => void
  onCancel: () => void
}) {
  const saved = useSaved()
  const [base, setBase] = useState<Base>(() => ({
    document: live ? documentOf(live.route) : newDocument(providerId),
    etag: live?.etag ?? null,
  }))
  const [document, setDocument] = useState(base.document)
  const [tab, setTab] = useState('form')
  const [jsonValid, setJsonValid] = useState(true)
  const [errors, setErrors] = useState<readonly DocumentError[]>([])
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [saving, setSaving] = useState(false)
  const [attempt, setAttempt] = useState(0)
  /** Of what was live before the last save: it may still be what was read last. */
  const [replaced, setReplaced] = useState<string | null>(null)
  const changes = differences(base.document, document).length
  useWarnBeforeLeaving(changes > 0 && !saving)

  // Somebody else's change is taken over at once where nothing was typed here.
  const isTheirs = live && live.etag !== base.etag && live.etag !== replaced
  if (isTheirs && changes === 0 && !saving && !problem) {
    const next = { document: documentOf(live.route), etag: live.etag }
    setBase(next)
    setDocument(next.document)
  }

  const change = (next: RouteDocument) => {
    setDocument(next)
    if (errors.length > 0) setErrors(checkDocument(next))
  }
  const save = async (document: RouteDocument, base: Base) => {
    const found = checkDocument(document)
    setAttempt((count) => count + 1)
    setErrors(found)
    setProblem(null)
    if (found.length > 0 || !jsonValid) return
    setSaving(true)
    try {
      const answer = live
        ? await apiSend<Route>('PATCH', `/routes/${live.route.id}`, changedMembers(base.document, document), {
            ifMatch: base.etag,
          })
        : await apiSend<Route>('POST', '/routes', document)
      const next = { document: documentOf(answer.data), etag: answer.etag ?? etagOf(answer.data) }
      setBase(next)
      setReplaced(live?.etag ?? null)
      setDocument(next.document)
      saved(answer, live ? `Saved route ${answer.data.name}` : `Created route ${answer.data.name}`)
      onSaved(answer.data)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
      setErrors(error.errors.map(({ path, message }) => ({ path: fieldPath(path), message })))
    } finally {
      setSaving(false)
    }
  }
  const theirs = currentOf(problem)
  const form = (
    <form
      noValidate
      className="flex min-w-0 flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        void save(document, base)
      }}
    >
      {theirs ? (
        <ConflictCallout
          key={etagOf(theirs)}
          base={base.document}
          theirs={documentOf(theirs as unknown as Route)}
          yours={document}
          onUseTheirs={() => {
            const next = { document: documentOf(theirs as unknown as Route), etag: etagOf(theirs) }
            setBase(next)
            setDocument(next.document)
            setProblem(null)
            setTab('form')
          }}
          onMerge={(merged) => {
            // What is sent is what differs from theirs: also a member that goes back to what it was before.
            const next = { document: documentOf(theirs as unknown as Route), etag: etagOf(theirs) }
            setBase(next)
            setDocument(merged)
            void save(merged, next)
          }}
        />
      ) : problem ? (
        <ProblemCallout problem={problem} />
      ) : errors.length > 0 ? (
        <Callout
          key={attempt}
          tone="danger"
          role="alert"
          intoSight
          title="Not saved: something is missing or not valid"
        >
          <ul className="list-disc pl-4">
            {errors.map((error) => (
              <li key={`${error.path} ${error.message}`}>
                <span className="font-mono text-xs">{error.path}</span>: {error.message}
              </li>
            ))}
          </ul>
        </Callout>
      ) : null}
      <Tabs
        label="Edit as"
        value={tab}
        onChange={(next) => {
          // Text that is no JSON has no form to be shown in.
          if (jsonValid) setTab(next)
        }}
        tabs={[
          { value: 'form', label: 'Form' },
          { value: 'json', label: 'JSON' },
        ]}
      >
        <TabPanel value="form">
          <fieldset disabled={readOnly} className="flex min-w-0 flex-col gap-4">
            <RouteFields
              routeId={live?.route.id ?? null}
              document={document}
              errors={errors}
              onChange={change}
            />
          </fieldset>
        </TabPanel>
        <TabPanel value="json">
          <fieldset disabled={readOnly} className="min-w-0">
            <Card>
              <JsonEditor document={document} onChange={change} onValid={setJsonValid} />
            </Card>
          </fieldset>
        </TabPanel>
      </Tabs>
      {readOnly ? null : (
        <div className="sticky bottom-0 z-10 -mx-4 flex flex-col gap-3 border-t bg-background px-4 py-3 sm:-mx-6 sm:px-6">
          {live && changes > 0 ? (
            <details>
              <summary className="text-sm font-medium">
                {formatPlural(changes, 'difference')} to what is live
              </summary>
              <div className="max-h-[40vh] overflow-auto pt-2">
                <Difference
                  before={base.document}
                  after={document}
                  beforeLabel="Live"
                  afterLabel="After saving"
                />
              </div>
            </details>
          ) : null}
          <div className="flex flex-wrap items-center justify-end gap-2">
            {live && changes === 0 ? (
              <p className="mr-auto text-sm text-muted">This is what is live.</p>
            ) : null}
            {live ? (
              <Button
                disabled={changes === 0 && jsonValid}
                onClick={() => {
                  setDocument(base.document)
                  setErrors([])
                  setProblem(null)
                  setJsonValid(true)
                  setTab('form')
                }}
              >
                Discard changes
              </Button>
            ) : (
              <Button onClick={onCancel}>Cancel</Button>
            )}
            <Button
              type="submit"
              variant="primary"
              loading={saving}
              disabled={!jsonValid || (live !== null && changes === 0)}
            >
              {live ? 'Save route' : 'Create route'}
            </Button>
          </div>
        </div>
      )}
    </form>
  )
  if (!aside) return form
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
      {form}
      {aside(changes > 0)}
    </div>
  )
}

/** The browser asks before a reload or a closed tab throws typed text away. */
function useWarnBeforeLeaving(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty])
}
