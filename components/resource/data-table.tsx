'use client'

import {
  columnVisibilityFeature,
  type RowSelectionState,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { parseAsString, useQueryStates } from 'nuqs'
import { type ReactNode, useDeferredValue, useEffect, useMemo, useState } from 'react'
import { ApiProblem, type Query } from '@/components/data/api'
import { useCollection } from '@/components/data/collection'
import { Button } from '@/components/ui/button'
import { ErrorState, FilteredEmptyState, NoPermissionState } from '@/components/ui/states'
import { readHiddenColumns, writeHiddenColumns } from './column-preferences'
import type { Column, TableFilter } from './table-column'
import { TableFrame } from './table-frame'
import { TableBody, TableHead, TableSkeleton } from './table-parts'
import { TableToolbar } from './table-toolbar'

export interface DataTableProps<T extends { id: string }> {
  /** What the rows are, in the plural and small: "keys". Names the table and its preferences. */
  noun: string
  /** Below `/api/v1`. */
  path: string
  columns: readonly Column<T>[]
  rowLabel: (row: T) => string
  /** Fixed parameters of the query, such as the team of a page. */
  query?: Query
  filters?: readonly TableFilter[]
  search?: string | false
  defaultSort?: string
  rowHref?: (row: T) => string
  onRowOpen?: (row: T) => void
  /** The row that a side panel shows. */
  openId?: string | null
  rowActions?: (row: T) => ReactNode
  bulkActions?: (rows: T[], clear: () => void) => ReactNode
  /** Nothing there and nothing filtered. */
  empty: ReactNode
  /** At the right of the search. */
  toolbar?: ReactNode
  /** Sets the table's URL parameters apart where a page has several. */
  urlPrefix?: string
  limit?: number
  rowTone?: (row: T) => 'muted' | undefined
}

const FEATURES = tableFeatures({ columnVisibilityFeature, rowSelectionFeature })

/**
 * A list of the management API. Search, filters and sort are the server's and stand in the URL; paging is by its
 * cursor. A row opens by a click anywhere, and by its first cell's link for the keyboard.
 */
export function DataTable<T extends { id: string }>(props: DataTableProps<T>) {
  const { noun, path, columns, filters = NO_FILTERS, search = `Search ${props.noun}`, urlPrefix = '' } = props
  const parsers = useMemo(
    () =>
      Object.fromEntries(
        ['q', 'sort', ...filters.map((filter) => filter.id)].map((name) => [
          name,
          parseAsString.withOptions({ clearOnDefault: true, history: 'replace' }),
        ]),
      ),
    [filters],
  )
  const urlKeys = useMemo(
    () => Object.fromEntries(Object.keys(parsers).map((name) => [name, `${urlPrefix}${name}`])),
    [parsers, urlPrefix],
  )
  const [state, setState] = useQueryStates(parsers, { urlKeys })
  const filtered = Object.entries(state).some(([name, value]) => name !== 'sort' && value)
  const sort = state.sort ?? props.defaultSort
  const query = useDeferredValue(
    useMemo(() => ({ ...props.query, ...state, sort }), [props.query, state, sort]) as Query,
  )
  const result = useCollection<T>(path, query, props.limit === undefined ? {} : { limit: props.limit })
  const rows = useMemo(() => result.data?.pages.flatMap((page) => page.data) ?? [], [result.data])

  const [visibility, setVisibility] = useState<Record<string, boolean>>(() =>
    Object.fromEntries(columns.map((column) => [column.id, !column.hidden])),
  )
  useEffect(() => {
    const stored = readHiddenColumns(noun)
    if (stored)
      setVisibility((now) => Object.fromEntries(Object.keys(now).map((id) => [id, !stored.includes(id)])))
  }, [noun])
  const [selection, setSelection] = useState<RowSelectionState>({})
  const definitions = useMemo(
    () => columns.map((column) => ({ id: column.id, header: column.header })),
    [columns],
  )
  const table = useTable({
    features: FEATURES,
    columns: definitions,
    data: rows,
    getRowId: (row) => row.id,
    state: { columnVisibility: visibility, rowSelection: selection },
    onColumnVisibilityChange: setVisibility,
    onRowSelectionChange: setSelection,
  })
  const visible = table
    .getVisibleLeafColumns()
    .flatMap((shown) => columns.find((column) => column.id === shown.id) ?? [])
  const selected = table.getSelectedRowModel().rows.map((row) => row.original)
  const clearSelection = () => setSelection({})
  const selectable = props.bulkActions !== undefined

  const problem = result.error instanceof ApiProblem ? result.error : null
  const clearFilters = () => {
    void setState(
      Object.fromEntries(Object.keys(state).map((name) => [name, name === 'sort' ? state.sort : null])),
    )
  }
  const untouched = !filtered && rows.length === 0

  if (problem?.status === 403) return <NoPermissionState what={noun} />
  if (result.isSuccess && !result.isPlaceholderData && untouched) {
    return <div className="rounded-card border bg-surface">{props.empty}</div>
  }
  return (
    <div className="flex flex-col gap-3">
      <TableToolbar
        noun={noun}
        columns={columns}
        visibility={visibility}
        onVisibility={(next) => {
          setVisibility(next)
          writeHiddenColumns(noun, next)
        }}
        search={search}
        filters={filters}
        values={state}
        onChange={(next) => {
          clearSelection()
          void setState(next)
        }}
        filtered={filtered}
        onClear={clearFilters}
      >
        {props.toolbar}
      </TableToolbar>
      {selectable && selected.length > 0 ? (
        <div
          role="status"
          className="flex min-h-10 flex-wrap items-center gap-2 rounded-card border border-accent bg-accent-soft px-3 py-1.5 text-sm"
        >
          <span className="mr-auto font-medium">{selected.length} selected</span>
          {props.bulkActions?.(selected, clearSelection)}
          <Button size="sm" variant="ghost" onClick={clearSelection}>
            Clear selection
          </Button>
        </div>
      ) : null}
      {result.isError && rows.length === 0 ? (
        <div className="rounded-card border bg-surface">
          <ErrorState
            detail={problem?.detail ?? 'Something went wrong in the browser.'}
            requestId={problem?.requestId}
            onRetry={() => void result.refetch()}
          />
        </div>
      ) : result.isSuccess && rows.length === 0 && !result.isPlaceholderData ? (
        <div className="rounded-card border bg-surface">
          <FilteredEmptyState onClear={clearFilters} />
        </div>
      ) : (
        <TableFrame>
          <table className="w-full border-separate border-spacing-0 text-sm" aria-busy={result.isFetching}>
            <caption className="sr-only">{noun}</caption>
            <TableHead
              columns={visible}
              sort={sort}
              onSort={(next) => void setState({ sort: next === props.defaultSort ? null : next })}
              selectable={selectable}
              allSelected={selected.length > 0 && (selected.length === rows.length || 'indeterminate')}
              onSelectAll={(on) =>
                setSelection(on ? Object.fromEntries(rows.map((row) => [row.id, true as const])) : {})
              }
              noun={noun}
              hasActions={props.rowActions !== undefined}
            />
            {result.isPending ? (
              <TableSkeleton
                columns={visible}
                selectable={selectable}
                hasActions={props.rowActions !== undefined}
              />
            ) : (
              <TableBody
                rows={rows}
                columns={visible}
                selectable={selectable}
                selection={selection}
                onSelect={(id, on) =>
                  setSelection(({ [id]: _before, ...others }) => (on ? { ...others, [id]: true } : others))
                }
                rowLabel={props.rowLabel}
                rowHref={props.rowHref}
                onRowOpen={props.onRowOpen}
                openId={props.openId}
                rowActions={props.rowActions}
                rowTone={props.rowTone}
                dim={result.isPlaceholderData}
              />
            )}
          </table>
        </TableFrame>
      )}
      {result.hasNextPage ? (
        <div className="flex items-center justify-center gap-3 text-sm text-muted">
          <Button loading={result.isFetchingNextPage} onClick={() => void result.fetchNextPage()}>
            Load more
          </Button>
          {rows.length} shown
        </div>
      ) : null}
      {result.isError && rows.length > 0 ? (
        <p role="alert" className="text-sm text-danger">
          This list could not be read again: {problem?.detail ?? 'the browser stumbled.'}{' '}
          <button type="button" className="underline" onClick={() => void result.refetch()}>
            Try again
          </button>
        </p>
      ) : null}
    </div>
  )
}

const NO_FILTERS: readonly TableFilter[] = []
