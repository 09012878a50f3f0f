'use client'

import type { ApiProblem } from '@/components/data/api'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Difference } from './difference'

export type Current = Readonly<Record<string, unknown>>

/** The object as it stands now, which a 412 carries. */
export function currentOf(problem: ApiProblem | null): Current | null {
  const current = problem?.status === 412 ? problem.body.current : null
  return typeof current === 'object' && current !== null ? (current as Current) : null
}

/** The ETag of an object of the management API is its version. */
export function etagOf(current: Current): string {
  return `"${current.version}"`
}

/** Somebody else saved first: what they have, what you have, and a choice. */
export function ConflictCallout({
  theirs,
  yours,
  onUseTheirs,
  onOverwrite,
}: {
  theirs: Current
  yours: Readonly<Record<string, unknown>>
  onUseTheirs: () => void
  onOverwrite: () => void
}) {
  const shared = Object.fromEntries(Object.keys(yours).map((name) => [name, theirs[name]]))
  return (
    <Callout tone="warn" role="alert" title="Somebody else changed this in the meantime">
      <p>Nothing is saved yet, and nothing that you typed is lost.</p>
      <Difference before={shared} after={yours} beforeLabel="Theirs" afterLabel="Yours" className="my-2" />
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" onClick={onUseTheirs}>
          Use theirs
        </Button>
        <Button size="sm" variant="danger" onClick={onOverwrite}>
          Overwrite with mine
        </Button>
      </div>
    </Callout>
  )
}
