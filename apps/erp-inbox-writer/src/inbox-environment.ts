import { buildMessage, Matches, ValidateBy } from 'class-validator';
import { AppEnvironment, IsUrlOf, SecretVariable, withBroker } from '#libs/runtime';
import { patternMistakes } from './result-patterns.js';

export class InboxEnvironment extends withBroker(AppEnvironment) {
  override HTTP_PORT: number = 4105;
  override OPS_PORT: number = 4205;

  /** The ERP's own database, as a role that may add results to its inbox, nothing else. */
  @IsUrlOf('postgres:', 'postgresql:')
  @SecretVariable()
  ERP_DATABASE_URL!: string;

  /** Whose inbox it is: results about another ERP are not written. No default: a wrong one would write nothing. */
  @Matches(/^\/erp\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, { message: 'must be /erp/<instance>' })
  ERP_SOURCE!: string;

  /** What the ERP is told, as bindings of a topic exchange: a star is one word, a hash any number of them. */
  @ArePatterns()
  INBOX_TYPES: string = '*.credit-analysis.completed.#,*.credit-analysis.answered.#,*.credit-limit.#';

  @Matches(/^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i, {
    message: 'must be a table name, with or without its schema',
  })
  INBOX_TABLE: string = 'erp_inbox';
}

function ArePatterns(): PropertyDecorator {
  return ValidateBy({
    name: 'arePatterns',
    validator: {
      validate: (value) => typeof value === 'string' && patternMistakes(value).length === 0,
      defaultMessage: buildMessage(
        (_, about) => `must be patterns of types (*.delivery.parked.v1,…): ${patternMistakes(String(about?.value))[0]}`,
      ),
    },
  });
}
