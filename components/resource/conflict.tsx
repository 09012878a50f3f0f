'use client'

import { useId, useState } from 'react'
import type { ApiProblem } from '@/components/data/api'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { cn } from '@/components/ui/cn'
import { type MergeRow, mergedDocument, mergeRows } from './merge'

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

/**
 * Somebody else saved first: what it was, what they have, what you have, and a choice for each. It begins with what
 * either of you changed alone; where both did, with yours.
 */
export function ConflictCallout({
  base,
  theirs,
  yours,
  onUseTheirs,
  onMerge,
}: {
  /** As it was when the form opened. */
  base: Current
  theirs: Current
  yours: Current
  onUseTheirs: () => void
  onMerge: (merged: Record<string, unknown>) => void
}) {
  const rows = mergeRows(base, theirs, yours)
  const [kept, setKept] = useState<ReadonlySet<string>>(
    () => new Set(rows.filter((row) => row.changedBy !== 'them').map((row) => row.path)),
  )
  const keep = (path: string, mine: boolean) =>
    setKept((now) => new Set(mine ? [...now, path] : [...now].filter((other) => other !== path)))
  const all = rows.every((row) => kept.has(row.path))
  return (
    <Callout tone="warn" role="alert" intoSight title="Somebody else changed this in the meantime">
      <p>
        Nothing is saved yet, and nothing that you typed is lost.{' '}
        {rows.length === 0 ? 'Theirs and yours are alike.' : 'Choose what to keep.'}
      </p>
      {rows.length > 0 ? (
        <div className="my-2 overflow-x-auto rounded-card border bg-surface">
          <table className="w-full text-left text-xs">
            <thead className="text-muted">
              <tr>
                {['Field', 'Before', 'Theirs', 'Yours'].map((head) => (
                  <th key={head} scope="col" className="px-2.5 py-1.5 font-medium">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.path} row={row} mine={kept.has(row.path)} onKeep={(on) => keep(row.path, on)} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" onClick={onUseTheirs}>
          Use theirs
        </Button>
        <Button
          size="sm"
          variant={all && rows.some((row) => row.changedBy !== 'you') ? 'danger' : 'primary'}
          onClick={() => onMerge(mergedDocument(theirs, yours, kept))}
        >
          {all ? 'Overwrite with mine' : 'Save the chosen'}
        </Button>
      </div>
    </Callout>
  )
}

function Row({ row, mine, onKeep }: { row: MergeRow; mine: boolean; onKeep: (mine: boolean) => void }) {
  const name = useId()
  const choice = (isMine: boolean) => (
    <td className={cn('px-2.5 py-1.5', mine === isMine && 'bg-ok-soft')}>
      <label className="flex cursor-pointer items-start gap-1.5">
        <input
          type="radio"
          name={name}
          checked={mine === isMine}
          onChange={() => onKeep(isMine)}
          className="mt-0.5 accent-(--accent)"
        />
        <span className="min-w-16 font-mono break-words">{valueText(isMine ? row.yours : row.theirs)}</span>
      </label>
    </td>
  )
  return (
    <tr className="border-t align-top">
      <th scope="row" className="px-2.5 py-1.5 font-mono font-normal break-words">
        {row.path}
      </th>
      <td className="px-2.5 py-1.5 font-mono break-words text-muted">{valueText(row.base)}</td>
      {choice(false)}
      {choice(true)}
    </tr>
  )
}

function valueText(value: unknown): string {
  if (value === undefined || value === null || value === '') return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
