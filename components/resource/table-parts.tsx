'use client'

import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import type { MouseEvent, PointerEvent, ReactNode } from 'react'
import { Checkbox } from '@/components/ui/checkbox'
import { cn } from '@/components/ui/cn'
import { Skeleton } from '@/components/ui/skeleton'
import { type Column, GROWN, grownShares, HIDDEN_BELOW } from './table-column'

const HEAD_CELL =
  'sticky top-12 z-10 h-9 border-b bg-surface px-3 text-left text-xs font-medium whitespace-nowrap text-muted group-data-overflows/table:static first:rounded-tl-card last:rounded-tr-card'
const OPENER = 'block max-w-full truncate rounded-control text-left font-medium hover:underline'
const CELL = 'h-9 border-b px-3 py-1 whitespace-nowrap group-last:border-b-0'

function columnClass<T>(column: Column<T>): string {
  return cn(column.from && HIDDEN_BELOW[column.from], column.align === 'right' && 'text-right')
}

/** What is cut says all of it to the pointer; the detail of the row shows it to everybody. */
function nameCutText({ target }: PointerEvent): void {
  const cut = target instanceof Element ? target.closest<HTMLElement>('.truncate') : null
  if (cut && !cut.title && cut.scrollWidth > cut.clientWidth) cut.title = cut.textContent ?? ''
}

export function TableHead<T>({
  columns,
  sort,
  onSort,
  selectable,
  allSelected,
  onSelectAll,
  noun,
  hasActions,
}: {
  columns: readonly Column<T>[]
  sort: string | undefined
  onSort: (sort: string) => void
  selectable: boolean
  allSelected: boolean | 'indeterminate'
  onSelectAll: (on: boolean) => void
  noun: string
  hasActions: boolean
}) {
  return (
    <thead>
      <tr>
        {selectable ? (
          <th scope="col" className={cn(HEAD_CELL, 'w-9 pr-0')}>
            <Checkbox
              checked={allSelected}
              onCheckedChange={(on) => onSelectAll(on === true)}
              aria-label={`Select all ${noun} shown`}
            />
          </th>
        ) : null}
        {columns.map((column) => {
          const direction =
            sort === column.sort ? 'ascending' : sort === `-${column.sort}` ? 'descending' : undefined
          return (
            <th
              key={column.id}
              scope="col"
              aria-sort={column.sort ? (direction ?? 'none') : undefined}
              style={column.grow ? grownShares(columns, column) : undefined}
              className={cn(
                HEAD_CELL,
                columnClass(column),
                column.grow && cn(GROWN, 'min-w-24 first:min-w-32'),
              )}
            >
              {column.sort ? (
                <button
                  type="button"
                  onClick={() => onSort(direction === 'ascending' ? `-${column.sort}` : `${column.sort}`)}
                  className={cn(
                    '-mx-1 inline-flex h-6 items-center gap-1 rounded-control px-1 hover:text-fg',
                    direction && 'text-fg',
                  )}
                >
                  {column.header}
                  {direction === 'ascending' ? (
                    <ArrowUp className="size-3" aria-hidden />
                  ) : direction === 'descending' ? (
                    <ArrowDown className="size-3" aria-hidden />
                  ) : (
                    <ChevronsUpDown className="size-3 opacity-50" aria-hidden />
                  )}
                </button>
              ) : (
                column.header
              )}
            </th>
          )
        })}
        {hasActions ? (
          <th scope="col" className={cn(HEAD_CELL, 'w-10')}>
            <span className="sr-only">Actions</span>
          </th>
        ) : null}
      </tr>
    </thead>
  )
}

export function TableBody<T extends { id: string }>({
  rows,
  columns,
  selectable,
  selection,
  onSelect,
  rowLabel,
  rowHref,
  onRowOpen,
  openId,
  rowActions,
  rowTone,
  dim,
}: {
  rows: readonly T[]
  columns: readonly Column<T>[]
  selectable: boolean
  selection: Record<string, boolean>
  onSelect: (id: string, on: boolean) => void
  rowLabel: (row: T) => string
  rowHref: ((row: T) => string) | undefined
  onRowOpen: ((row: T) => void) | undefined
  openId: string | null | undefined
  rowActions: ((row: T) => ReactNode) | undefined
  rowTone: ((row: T) => 'muted' | undefined) | undefined
  dim: boolean
}) {
  const router = useRouter()
  const opens = rowHref !== undefined || onRowOpen !== undefined
  const open = (event: MouseEvent, row: T) => {
    // What is inside a row and does something of its own keeps its click, and text can be selected.
    if ((event.target as Element).closest('a,button,input,select,label,[role^=menuitem],[role=checkbox]'))
      return
    if (!event.currentTarget.contains(event.target as Node) || getSelection()?.toString()) return
    if (rowHref) {
      if (event.metaKey || event.ctrlKey) window.open(rowHref(row), '_blank')
      else router.push(rowHref(row))
    } else onRowOpen?.(row)
  }
  return (
    <tbody className={cn(dim && 'opacity-60')} onPointerOver={nameCutText}>
      {rows.map((row) => (
        <tr
          key={row.id}
          data-row-id={row.id}
          aria-selected={selectable ? (selection[row.id] ?? false) : undefined}
          onClick={opens ? (event) => open(event, row) : undefined}
          className={cn(
            'group hover:bg-hover',
            opens && 'cursor-pointer',
            (selection[row.id] || openId === row.id) && 'bg-accent-soft hover:bg-accent-soft',
            rowTone?.(row) === 'muted' && 'text-muted',
          )}
        >
          {selectable ? (
            <td className={cn(CELL, 'w-9 pr-0')}>
              <Checkbox
                checked={selection[row.id] ?? false}
                onCheckedChange={(on) => onSelect(row.id, on === true)}
                aria-label={`Select ${rowLabel(row)}`}
              />
            </td>
          ) : null}
          {columns.map((column, index) => (
            <td key={column.id} className={cn(CELL, columnClass(column), column.grow && 'max-w-0')}>
              {index === 0 && rowHref ? (
                <Link href={rowHref(row)} className={OPENER}>
                  {column.cell(row)}
                </Link>
              ) : index === 0 && onRowOpen ? (
                <button type="button" onClick={() => onRowOpen(row)} className={OPENER}>
                  {column.cell(row)}
                </button>
              ) : column.grow ? (
                <div className={cn('truncate', index === 0 && 'font-medium')}>{column.cell(row)}</div>
              ) : (
                column.cell(row)
              )}
            </td>
          ))}
          {rowActions ? (
            <td className={cn(CELL, 'w-10 py-0 pr-1.5 pl-0 text-right')}>
              <span className="inline-flex lg:opacity-0 lg:group-focus-within:opacity-100 lg:group-hover:opacity-100 lg:has-data-[state=open]:opacity-100">
                {rowActions(row)}
              </span>
            </td>
          ) : null}
        </tr>
      ))}
    </tbody>
  )
}

export function TableSkeleton<T>({
  columns,
  selectable,
  hasActions,
}: {
  columns: readonly Column<T>[]
  selectable: boolean
  hasActions: boolean
}) {
  return (
    <tbody>
      {Array.from({ length: 8 }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: skeleton rows are all alike and never move.
        <tr key={row} className="group">
          {selectable ? <td className={CELL} /> : null}
          {columns.map((column, index) => (
            <td key={column.id} className={cn(CELL, columnClass(column))}>
              <Skeleton
                className={cn(
                  index === 0 ? 'w-32' : 'w-20 max-w-full',
                  column.align === 'right' && 'ml-auto w-12',
                )}
              />
            </td>
          ))}
          {hasActions ? <td className={CELL} /> : null}
        </tr>
      ))}
    </tbody>
  )
}
