import { IsBoolean, IsEmail, IsNotEmpty, IsOptional, IsString, MaxLength, ValidateBy } from 'class-validator';
import { isCnpj } from '#libs/contracts';

/** What is not said stays as it is; an entry that is not there yet is entered, the rest of it made up. */
class EntryRequest {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  actor: string = 'sandbox';

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  name?: string;

  @IsOptional()
  @IsBoolean()
  active?: boolean;
}

export class BranchRequest extends EntryRequest {
  @IsOptional()
  @IsCnpjText()
  document?: string;
}

export class BusinessUnitRequest extends EntryRequest {
  /** The code of the branch it belongs to. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  branch?: string;
}

export class CustomerRequest extends EntryRequest {
  @IsOptional()
  @IsEmail()
  email?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  phone?: string;
}

function IsCnpjText(): PropertyDecorator {
  return ValidateBy({
    name: 'isCnpj',
    validator: { validate: isCnpj, defaultMessage: () => 'document must be a valid CNPJ without punctuation' },
  });
}
