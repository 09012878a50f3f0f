/** What an operator can put right in the data folder; the message is one sentence for them. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}
