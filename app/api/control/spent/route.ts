import { answerSpentQuery } from '@/lib/publish/control'

export const dynamic = 'force-dynamic'
export const POST = answerSpentQuery
