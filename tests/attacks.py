"""Which test tries which case of the shared corpus of hostile inputs: its id, and files with the functions in them.

Formats that are not read yet are tried as what they are today: files that are left unread, with the reason. A version
that reads PDF, Office files or archives tries FILE-06, -07, -08, -09 and -14 anew, against its own parsers.
"""

_DOCUMENTS = "test_attacks_documents.py::"
_FILES = "test_attacks_files.py::"
_HERE = "test_attacks.py::"

# In real Chromium: on every place of the page that shows text, live and kept, exported, printed and in reports.
_BROWSER = (
    "test_browser_hostile.py::test_every_shared_case_is_among_them",
    "test_browser_hostile.py::test_examples_and_a_written_answer_live_stopped_and_finished",
    "test_browser_hostile.py::test_questions_quotations_abstentions_and_failures_live",
    "test_browser_hostile.py::test_the_conversation_and_what_to_ask_next_after_reload",
    "test_browser_hostile.py::test_the_list_of_sources_and_each_source_in_the_reader",
    "test_browser_hostile.py::test_conversations_in_the_drawer_to_be_renamed_and_deleted",
    "test_browser_hostile.py::test_the_export_as_a_file_and_as_it_is_printed",
    "test_browser_hostile.py::test_the_report_of_an_eval",
    "test_browser_hostile.py::test_hostile_files_uploaded_and_answered_from",
)
_EXPORTED = ("test_exporting.py::test_the_shared_attacks_are_only_words",)
_MODEL = ("test_model_suite.py::test_no_attack_by_a_document_gets_past_us_with_a_model_that_obeys",)
_ANSWERED = (f"{_DOCUMENTS}test_the_true_fact_is_answered_and_cited_and_nothing_that_was_smuggled_in", *_MODEL)
_ASKED = (f"{_DOCUMENTS}test_a_hostile_question_gets_what_the_documents_say_or_nothing",)
_UNREAD = (
    f"{_FILES}test_what_is_not_read_is_listed_with_its_reason",
    f"{_FILES}test_what_is_handed_in_and_not_read_leaves_nothing",
)

_INSTRUCTED = (
    "INJ-01-system-override", "INJ-02-chatml-role-tokens", "INJ-03-fake-context-close", "INJ-05-css-hidden",
    "INJ-06-zero-width", "INJ-07-unicode-tags", "INJ-08-md-image-exfil", "INJ-10-link-exfil",
    "INJ-11-fake-citation-number", "INJ-12-cite-wrong-source", "INJ-13-reveal-prompt", "INJ-15-denial",
    "INJ-16-polite-prose", "INJ-17-split-A", "INJ-18-base64", "INJ-20-fewshot-poison", "INJ-21-fake-correction",
    "INJ-22-it-policy-spoof", "INJ-25-metadata-hidden", "INJ-26-many-shot", "INJ-27-template-braces",
    "INJ-28-eval-judge", "INJ-30-ansi-terminal",
)  # fmt: skip
_MARKUP = (
    "XSS-01", "XSS-02", "XSS-04", "XSS-05", "XSS-06", "XSS-07", "XSS-09", "XSS-10", "XSS-11", "XSS-12", "XSS-21",
    "XSS-22", "XSS-24", "XSS-25", "XSS-26", "XSS-27", "XSS-28",
)  # fmt: skip

COVERED: dict[str, tuple[str, ...]] = {
    # Documents and questions
    **dict.fromkeys(_INSTRUCTED, (*_ANSWERED, *_BROWSER)),
    "INJ-23-persistence": (*_ANSWERED, f"{_DOCUMENTS}test_nothing_of_an_order_is_left_in_the_next_answer"),
    "INJ-31-filename": (
        f"{_FILES}test_a_file_name_gives_no_orders",
        f"{_FILES}test_a_document_is_handed_in_under_a_name_that_can_be_read",
        *_BROWSER,
    ),
    "INJ-32-lc-secret": (*_MODEL, *_BROWSER),
    **dict.fromkeys(_MARKUP, (*_BROWSER, *_EXPORTED, *_MODEL)),
    **dict.fromkeys(("DIR-01", "DIR-03", "DIR-04"), (*_ASKED, *_BROWSER)),
    **dict.fromkeys(("XSS-14", "XSS-15", "XSS-16"), (*_ASKED, *_BROWSER, *_EXPORTED)),
    "XSS-17": (f"{_HERE}test_a_comment_is_kept_as_it_was_written_and_sent_back_by_nobody", *_BROWSER),
    "XSS-19": (*_UNREAD, *_BROWSER),
    "XSS-20": (f"{_FILES}test_a_page_is_only_its_text", f"{_FILES}test_what_is_handed_in_is_text_whatever_it_was"),
    # The API
    "API-02": (
        "test_objects.py::test_a_conversation_of_somebody_else_is_as_good_as_none",
        "test_objects.py::test_an_answer_under_way_is_neither_followed_nor_stopped_by_somebody_else",
    ),
    "API-03": (
        "test_access.py::test_a_key_is_good_in_its_own_header_only",
        "test_access.py::test_a_credential_in_an_address_is_refused_also_beside_a_good_one_and_never_logged",
        "test_access.py::test_a_key_that_is_revoked_ends_every_way_in_that_came_of_it",
        "test_access.py::test_no_way_in_of_one_person_has_a_larger_share_than_another",
    ),
    "API-04": ("test_door.py::test_nothing_is_read_or_touched_for_somebody_unknown",),
    "API-05": (
        f"{_HERE}test_nothing_is_found_by_a_path_and_nothing_tells_one_path_from_another",
        f"{_HERE}test_files_of_the_page_are_those_that_came_with_it",
        f"{_FILES}test_what_is_no_file_is_neither_waited_for_nor_followed",
    ),
    "API-07": (
        f"{_HERE}test_a_lone_surrogate_is_replaced_and_a_nul_removed_in_answers_conversations_and_exports",
        f"{_HERE}test_no_character_breaks_anything_wherever_it_stands",
    ),
    "API-08": (
        f"{_HERE}test_a_lone_surrogate_is_replaced_and_a_nul_removed_in_answers_conversations_and_exports",
        f"{_HERE}test_no_character_breaks_anything_wherever_it_stands",
    ),
    "API-09": (
        f"{_HERE}test_a_body_of_ten_megabytes_is_refused_unread",
        f"{_HERE}test_refusing_a_flood_takes_no_room",
    ),
    "API-10": (f"{_HERE}test_a_question_that_is_too_long_is_told_its_length_and_the_limit",),
    "API-12": (
        f"{_HERE}test_a_number_is_a_number_within_its_bounds",
        f"{_HERE}test_json_is_refused_where_it_could_be_read_in_two_ways",
        f"{_HERE}test_a_field_that_nobody_knows_is_refused_by_its_name",
    ),
    "API-13": (f"{_HERE}test_a_question_that_asks_nothing_is_empty_whatever_it_is_made_of",),
    "API-14": (
        f"{_HERE}test_what_a_question_says_is_never_a_pattern_or_a_command",
        f"{_HERE}test_filters_have_types_and_no_operators",
    ),
    "API-15": (
        f"{_HERE}test_a_body_of_a_kind_that_a_form_of_another_site_could_send_is_refused",
        f"{_HERE}test_a_form_of_ten_thousand_parts_and_a_boundary_without_end_are_refused",
        f"{_HERE}test_a_length_that_is_none_is_refused",
        f"{_HERE}test_chunks_without_end_are_refused_when_there_are_too_many",
    ),
    "API-17": (
        "test_streams.py::test_whoever_asks_too_often_is_told_when_to_ask_again_and_nothing_is_kept",
        "test_door.py::test_a_person_has_one_share_whatever_address_they_send_from",
        "test_door.py::test_tries_to_sign_in_are_few_and_a_forged_address_makes_them_no_more",
    ),
    "API-18": ("test_streams.py::test_a_hundred_readers_who_leave_end_the_call_to_the_model_and_leave_nothing_behind",),
    "API-19": ("test_streams.py::test_a_reader_who_takes_nothing_is_dropped_and_holds_up_nobody",),
    "API-20": (
        "test_streams.py::test_a_request_that_is_sent_twice_is_one_call_to_the_model",
        "test_streams.py::test_an_answer_that_is_asked_for_again_after_the_connection_broke_is_not_written_twice",
        "test_streams.py::test_a_question_of_a_conversation_that_is_sent_twice_at_once_is_kept_and_answered_once",
    ),
    "API-22": (f"{_HERE}test_a_range_of_ranges_costs_nothing",),
    "API-23": (
        f"{_HERE}test_comments_are_short_and_so_many_a_minute",
        f"{_HERE}test_gradios_own_uploads_do_not_exist",
    ),
    "API-24": (f"{_HERE}test_a_list_is_a_hundred_long_at_most", f"{_HERE}test_a_list_begins_where_it_can"),
    # Headers
    **dict.fromkeys(
        ("HDR-01", "HDR-02"),
        (
            "test_web.py::test_another_site_cannot_ask",
            "test_door.py::test_no_page_of_another_site_changes_anything_in_somebodys_name",
            "test_door.py::test_a_browser_that_asks_first_is_told_of_listed_origins_only",
        ),
    ),
    "HDR-03": (
        "test_door.py::test_no_other_name_is_answered_however_it_is_written",
        "test_door.py::test_no_host_and_two_hosts_are_refused",
        "test_door.py::test_no_header_of_a_stranger_reaches_an_address_that_we_make",
    ),
    "HDR-04": ("test_door.py::test_whatever_is_answered_carries_the_headers_and_no_name_of_a_program",),
    "HDR-06": (
        f"{_HERE}test_a_cookie_that_was_tampered_with_is_nobodys",
        f"{_HERE}test_a_cookie_that_is_too_old_or_of_another_server_is_nobodys",
        f"{_HERE}test_fifty_kilobytes_of_cookies_are_too_many",
    ),
    "HDR-07": (
        f"{_HERE}test_a_head_that_is_too_long_or_none_is_refused_and_the_connection_ends",
        f"{_HERE}test_a_line_that_goes_on_in_the_next_is_one_header_or_none",
        f"{_HERE}test_a_request_whose_end_is_in_doubt_is_refused_and_nothing_after_it_is_answered",
    ),
    "HDR-08": (
        "test_behind_nginx.py::test_300_headers_that_never_end_are_closed_in_time_and_everybody_is_served_meanwhile",
    ),
    "HDR-09": ("test_streams.py::test_an_event_number_opens_nobodys_stream",),
    # Inside other people's pages
    "EMB-02": (
        "test_browser_embed.py::test_an_origin_that_is_not_listed_gets_an_empty_frame",
        "test_browser_embed.py::test_the_frame_itself_listens_to_no_origin_that_is_not_listed",
        "test_browser_embed.py::test_no_message_asks_and_a_listed_page_says_no_more_than_a_token",
    ),
    "EMB-03": ("test_browser_embed.py::test_parameters_of_the_address_do_no_harm",),
    "EMB-04": (
        "test_browser_embed.py::test_a_button_a_panel_a_question_and_its_sources_with_third_party_cookies_blocked",
        "test_browser_embed.py::test_a_token_in_the_query_is_refused",
        "test_access.py::test_an_embed_token_becomes_nothing_more",
    ),
    "EMB-05": (
        "test_sign_in.py::test_a_way_that_may_lead_elsewhere_leads_home",
        "test_sign_in.py::test_whatever_is_wanted_is_a_path_of_this_host_as_browsers_read_it",
        "test_sign_in.py::test_chromium_reads_every_way_home_as_ours",
        "test_door.py::test_signing_in_leads_to_no_other_site",
    ),
    # Files
    # What can be read and holds nothing any more leaves the library when its folder is indexed (vectorstore/sync.py);
    # handed in, it does not take the place of what was there.
    "FILE-01": (*_UNREAD, f"{_FILES}test_an_emptied_document_keeps_what_was_there_until_it_is_replaced"),
    "FILE-02": (*_UNREAD, f"{_FILES}test_the_run_ends_well_and_everything_that_can_be_read_is"),
    "FILE-03": (
        f"{_FILES}test_text_is_read_in_its_encoding",
        f"{_FILES}test_a_guess_at_an_encoding_is_in_the_report",
    ),
    "FILE-04": (
        f"{_FILES}test_text_is_read_in_its_encoding",
        f"{_FILES}test_a_guess_at_an_encoding_is_in_the_report",
    ),
    "FILE-06": _UNREAD,
    "FILE-07": (*_UNREAD, f"{_FILES}test_nothing_is_unpacked"),
    "FILE-08": (
        *_UNREAD,
        f"{_FILES}test_no_entity_is_resolved_and_no_address_called",
        f"{_FILES}test_what_is_handed_in_is_text_whatever_it_was",
    ),
    "FILE-09": _UNREAD,
    "FILE-11": (
        f"{_FILES}test_names_are_shown_without_what_cannot_be_seen_and_none_is_lost",
        f"{_FILES}test_a_document_is_handed_in_under_a_name_that_can_be_read",
    ),
    "FILE-12": (f"{_FILES}test_what_is_no_file_is_neither_waited_for_nor_followed",),
    "FILE-13": (f"{_FILES}test_a_file_that_changes_all_the_time_is_one_whole_version_or_left_for_later",),
    "FILE-14": _UNREAD,
    "FILE-16": (
        f"{_FILES}test_no_entity_is_resolved_and_no_address_called",
        f"{_FILES}test_what_is_handed_in_is_text_whatever_it_was",
    ),
    "FILE-17": (
        f"{_FILES}test_the_same_words_in_many_files_are_embedded_once_and_every_file_can_be_cited",
        f"{_FILES}test_a_folder_that_is_gone_does_not_empty_the_library",
    ),
    "FILE-18": (f"{_FILES}test_a_copy_hides_no_original_and_a_short_document_is_found",),
    "FILE-19": (
        "test_kills.py::test_a_killed_run_leaves_the_old_library_or_the_new_one_and_the_next_run_completes",
        "test_sync.py::test_a_second_run_at_the_same_time_is_told_who_is_writing",
        "test_index.py::test_a_disk_without_room_is_told_before_anything_is_written",
        "test_uploads.py::test_a_folder_that_cannot_be_written_is_one_sentence",
        "test_uploads.py::test_a_running_server_answers_from_a_document_that_was_just_handed_in",
    ),
}
