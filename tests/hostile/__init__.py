"""Sources and targets that mean harm, or are broken: what each bad reply leads to."""
