#ifndef PORTABLE_H
#define PORTABLE_H

/*
 * Names for a second JSON scanner in one program: the portable one, beside that
 * of the machine. A public name that is missing here is defined twice, which
 * the linker says.
 */
#define escape_places portable_escape_places
#define json_add portable_json_add
#define json_add_bool portable_json_add_bool
#define json_add_double portable_json_add_double
#define json_add_int portable_json_add_int
#define json_add_null portable_json_add_null
#define json_add_others portable_json_add_others
#define json_add_str portable_json_add_str
#define json_add_text portable_json_add_text
#define json_close portable_json_close
#define json_comma portable_json_comma
#define json_compact portable_json_compact
#define json_copy_others portable_json_copy_others
#define json_depth portable_json_depth
#define json_double portable_json_double
#define json_each portable_json_each
#define json_end portable_json_end
#define json_enter portable_json_enter
#define json_equal portable_json_equal
#define json_get portable_json_get
#define json_is portable_json_is
#define json_is_null portable_json_is_null
#define json_is_true portable_json_is_true
#define json_key portable_json_key
#define json_levels portable_json_levels
#define json_moved portable_json_moved
#define json_next portable_json_next
#define json_open portable_json_open
#define json_pretty portable_json_pretty
#define json_put_text portable_json_put_text
#define json_scan portable_json_scan
#define json_scan_record portable_json_scan_record
#define json_tell portable_json_tell
#define json_tell_names portable_json_tell_names
#define json_text portable_json_text
#define json_trim portable_json_trim
#define json_type portable_json_type
#define json_type_name portable_json_type_name

#endif
