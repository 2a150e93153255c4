"""The index of an MP4 or MOV file (ISO/IEC 14496-12 `moov`), read from its tables. Pure; standard library only."""
